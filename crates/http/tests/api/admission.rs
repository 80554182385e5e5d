//! Nobody takes the server away from others.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Method, Request};
use hyper::body::Frame;
use serde_json::json;
use tessera_http::Limits;
use tessera_kernel::{Actor, Aggregate, Cell, Fault, OUTBOX, Select, Source};

use crate::support::{PASSWORD, Server, partner};

const PATH: &str = "/api/v1/business_partner";

/// A body of which nothing ever comes.
struct Never;

impl HttpBody for Never {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        Poll::Pending
    }
}

fn slow(path: &str, token: &str) -> Request<Body> {
    Request::post(path)
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {token}"))
        .body(Body::new(Never))
        .unwrap()
}

#[tokio::test]
async fn whoever_sends_slowly_takes_no_turn_from_others() {
    let limits = Limits { requests: 1, strangers: 1, ..Limits::default() };
    let server = Server::with(limits);
    let waiting = async {
        let (a, b) = (slow("/api/v1/session", ""), slow("/api/v1/session", ""));
        let (c, d) = (slow(PATH, &server.token), slow(PATH, &server.token));
        tokio::join!(server.send(a), server.send(b), server.send(c), server.send(d))
    };
    let working = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        server.get(PATH).await.expect(200);
        server.partner("Ada AG").await;
        let body = json!({ "login": "ada", "password": PASSWORD });
        server.post("/api/v1/session", &body).await.expect(201);
    };
    tokio::select! {
        _ = waiting => panic!("a body that never came was answered"),
        () = working => {}
    }
}

#[tokio::test]
async fn a_body_must_be_here_in_time_and_that_of_a_stranger_is_small() {
    let time = Duration::from_millis(50);
    let server =
        Server::with(Limits { body_time: time, stranger_body_time: time, ..Limits::default() });
    server.send(slow("/api/v1/session", "")).await.expect(408);
    server.send(slow(PATH, &server.token)).await.expect(408);
    // Who is not known is refused before the body is read.
    server.send(slow(PATH, "tsr_0")).await.expect(401);
    let long = json!({ "login": "ada", "password": "x".repeat(5_000) });
    server.post("/api/v1/session", &long).await.expect(413);
    server.post("/api/v1/setup", &long).await.expect(413);
}

#[tokio::test]
async fn all_bodies_together_are_bounded() {
    let server = Server::with(Limits { bodies: 100, ..Limits::default() });
    server.post(PATH, &partner("Ada AG")).await.expect(503);
    server.get(PATH).await.expect(200);
}

#[tokio::test]
async fn whoever_watches_the_server_is_answered_also_when_it_is_busy() {
    let server = Server::with(Limits { requests: 0, strangers: 0, ..Limits::default() });
    server.get(PATH).await.expect(503);
    for path in ["/livez", "/readyz", "/metrics"] {
        server.get(path).await.expect(200);
    }
}

#[tokio::test]
async fn a_writer_that_does_not_answer_is_not_ready() {
    let time = Duration::from_millis(100);
    let server = Server::with(Limits { ready_time: time, ..Limits::default() });
    server.get("/readyz").await.expect(200);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let stuck = |_: &mut tessera_kernel::Tx<'_>| {
        std::thread::sleep(Duration::from_millis(500));
        Ok::<(), Fault>(())
    };
    server.installation.db().submit(Actor::system(Source::System), stuck, |_| {});
    let answer = server.get("/readyz").await.expect(503);
    assert!(answer.text.contains("the writer does not answer"), "{}", answer.text);
}

#[tokio::test]
async fn strangers_are_not_told_which_webhook_is_behind() {
    let server = Server::start();
    let body = json!({ "target": { "url": "http://a.example/" }, "events": [{ "pattern": "*" }] });
    let webhook = server.post("/api/v1/webhook/register", &body).await.expect(200).json();
    let id = webhook["id"].as_str().unwrap();
    let known = server.get("/metrics").await.expect(200).text;
    assert!(known.contains(&format!("queue=\"webhook:{id}\"")), "{known}");
    let stranger = Request::get("/metrics").body(Body::empty()).unwrap();
    let stranger = server.send(stranger).await.expect(200).text;
    assert!(!stranger.contains(id) && stranger.contains("queue=\"webhooks\""), "{stranger}");
}

/// Reads at length until it is interrupted; long enough for the test to fail otherwise.
fn at_length(tx: &mut tessera_kernel::Tx<'_>) -> Result<(), Fault> {
    let until = Instant::now() + Duration::from_secs(20);
    while Instant::now() < until {
        let query = Select::from(&OUTBOX, &[]).aggregate(Aggregate::Count);
        tx.select(&query.equals(2, Cell::Text("x".into())), &mut |_| Ok(()))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_at_length_keep_out_neither_who_calls_nor_who_watches() {
    let server = Server::start();
    let db = server.installation.db().clone();
    for _ in 0..6 {
        let db = db.clone();
        let mode = tessera_kernel::ReadMode {
            deadline: Some(Instant::now() + Duration::from_secs(2)),
            urgent: false,
        };
        std::thread::spawn(move || db.read_in(mode, &Actor::system(Source::System), at_length));
    }
    std::thread::sleep(Duration::from_millis(100));
    let started = Instant::now();
    server.get("/api/v1/session").await.expect(200);
    server.get("/readyz").await.expect(200);
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    // And what is given up makes room.
    server.get(PATH).await.expect(200);
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    server.call(Method::GET, PATH, &[], "").await.expect(200);
}
