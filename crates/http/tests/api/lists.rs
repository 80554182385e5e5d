//! Lists: filters, sorting, pages.

use serde_json::Value;

use crate::support::Server;

fn names(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap();
    items.iter().map(|item| item["name"].as_str().unwrap().to_string()).collect()
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repetition() {
    let server = Server::start();
    for name in ["Emil", "Anna", "Dora", "Berta", "Carla", "Anna"] {
        server.partner(name).await;
    }
    for (sort, expected) in [
        ("name", vec!["Anna", "Anna", "Berta", "Carla", "Dora", "Emil"]),
        ("-name", vec!["Emil", "Dora", "Carla", "Berta", "Anna", "Anna"]),
        ("number", vec!["Emil", "Anna", "Dora", "Berta", "Carla", "Anna"]),
        ("-id", vec!["Anna", "Carla", "Berta", "Dora", "Anna", "Emil"]),
    ] {
        let first = format!("/api/v1/business_partner?limit=1&sort={sort}");
        let (mut path, mut found) = (first.clone(), Vec::new());
        loop {
            let page = server.get(&path).await.expect(200).json();
            found.extend(names(&page));
            let Some(next) = page["next"].as_str() else { break };
            path = format!("{first}&cursor={next}");
        }
        assert_eq!(found, expected, "{sort}");
    }
}

#[tokio::test]
async fn filters_select() {
    let server = Server::start();
    for name in ["Anna", "Annabel", "Berta", "Carla"] {
        server.partner(name).await;
    }
    for (query, expected) in [
        ("name=Anna", vec!["Anna"]),
        ("name.prefix=Anna&sort=name", vec!["Anna", "Annabel"]),
        ("name.gte=Annabel&name.lt=Carla&sort=name", vec!["Annabel", "Berta"]),
        ("name.gt=Berta", vec!["Carla"]),
        ("name.lte=Anna", vec!["Anna"]),
        ("name.in=Anna,Carla&sort=name", vec!["Anna", "Carla"]),
        ("name.prefix=Anna&version=1&country=DE&sort=-name", vec!["Annabel", "Anna"]),
        ("name=nobody", vec![]),
    ] {
        let page = server.get(&format!("/api/v1/business_partner?{query}")).await.expect(200);
        assert_eq!(names(&page.json()), expected, "{query}");
    }
}

#[tokio::test]
async fn what_is_no_filter_is_refused_with_what_there_is() {
    let server = Server::start();
    server.partner("Anna").await;
    server.partner("Berta").await;
    for (query, path, hint) in [
        ("nmae=Anna", "nmae", "there are: id, number"),
        ("version=1", "version", "has no index"),
        ("sort=changed_by", "sort", "number"),
        ("limit=0", "limit", "1 to 200"),
        ("limit=201", "limit", "1 to 200"),
        ("limit=x", "limit", "1 to 200"),
        ("id=7", "id", "UUID"),
        ("name=x&version=one", "version", "whole number"),
        ("id.prefix=a", "id.prefix", "prefix"),
        ("cursor=abc", "cursor", "no cursor"),
        ("name=x&changed_at.gt=yesterday", "changed_at.gt", ""),
    ] {
        let answer = server.get(&format!("/api/v1/business_partner?{query}")).await.expect(422);
        let error = &answer.json()["errors"][0];
        assert_eq!(error["path"], path, "{query}");
        assert!(error["message"].as_str().unwrap().contains(hint), "{query}: {error}");
    }
    let page = server.get("/api/v1/business_partner?limit=1&sort=name").await.json();
    let next = page["next"].as_str().unwrap();
    let other = format!("/api/v1/business_partner?limit=1&sort=-name&cursor={next}");
    assert_eq!(server.get(&other).await.expect(422).paths(), ["cursor"]);
}

/// Every list, of whatever there is, answers its newest objects and sorts by every indexed field.
#[tokio::test]
async fn every_object_type_has_a_list() {
    let server = Server::start();
    let metadata = server.get("/api/v1/metadata").await.expect(200).json();
    for object in metadata["objects"].as_array().unwrap() {
        let name = object["name"].as_str().unwrap();
        server.get(&format!("/api/v1/{name}")).await.expect(200);
        for field in object["list"].as_array().unwrap() {
            let (field, indexed) = (field["name"].as_str().unwrap(), field["indexed"] == true);
            let answer = server.get(&format!("/api/v1/{name}?sort=-{field}")).await;
            assert!(answer.status == 200 || !indexed, "{name}?sort=-{field}: {}", answer.text);
        }
    }
}

/// As the page at `/` asks for the names of everybody whom a list refers to.
#[tokio::test]
async fn the_names_of_many_are_one_call() {
    let server = Server::start();
    let (anna, berta) = (server.partner("Anna").await, server.partner("Berta").await);
    server.partner("Carla").await;
    let mut ids: Vec<String> = (0..98).map(|_| uuid::Uuid::now_v7().to_string()).collect();
    ids.extend([anna, berta]);
    let path = format!("/api/v1/business_partner?limit=100&id.in={}", ids.join("%2C"));
    let mut found = names(&server.get(&path).await.expect(200).json());
    found.sort();
    assert_eq!(found, ["Anna", "Berta"]);
}
