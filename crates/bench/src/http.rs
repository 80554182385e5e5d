//! The steps through the HTTP API, over loopback, as a client outside would call them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use tessera_http::{Api, Limits};
use tessera_identity::{Identity, IdentityError, TokenRequest, UserProfile};
use tessera_installation::{Installation, Services};
use tessera_kernel::{Actor, ObjectId, Source};

use crate::BenchError;
use crate::fixture::Fixture;
use crate::load::{Draw, Driver};

/// A server in this process.
pub(crate) struct Server {
    address: SocketAddr,
    token: String,
    _services: Arc<Services>,
}

impl Server {
    /// Starts one on a free port, with an API token for the clients.
    pub(crate) fn start(installation: &Installation) -> Result<Self, BenchError> {
        let refused = |error: IdentityError| BenchError::Refused(error.into());
        let identity = Arc::new(Identity::new(installation.db().clone()));
        let actor = Actor::system(Source::System);
        let user = match identity.find("bench") {
            Ok(user) => user,
            Err(_) => {
                let profile = UserProfile::administrator("bench", "Benchmark");
                // Nobody signs in by it: the token does.
                let password = uuid_like();
                identity.add_user(&actor, profile, &password).map_err(refused)?
            }
        };
        let request = TokenRequest::new("bench", 1);
        let token = identity.create_token(&actor, user, &request).map_err(refused)?.secret;
        let services = Arc::new(Services::start(installation, None)?);
        let awake = services.clone();
        let api =
            Api::new(installation, identity, Limits::default()).on_commit(move || awake.wake());
        let server = tessera_http::Server::listen("127.0.0.1:0")
            .map_err(|error| BenchError::Io(std::io::Error::other(error)))?;
        let address = server.address();
        std::thread::Builder::new()
            .name("bench-server".into())
            .spawn(move || server.serve(Arc::new(api), std::future::pending()))?;
        Ok(Self { address, token, _services: services })
    }

    /// A client with a connection of its own.
    pub(crate) fn client(&self, fixture: &Arc<Fixture>) -> Result<HttpClient, BenchError> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        Ok(HttpClient {
            reader: BufReader::with_capacity(64 * 1024, stream.try_clone()?),
            stream,
            token: self.token.clone(),
            fixture: fixture.clone(),
            buffer: Vec::new(),
        })
    }
}

/// A password nobody knows.
fn uuid_like() -> String {
    use tessera_kernel::{Clock as _, IdSource as _};
    tessera_kernel::RandomIds::system().next(tessera_kernel::SystemClock.now(), None).to_string()
}

/// A client that keeps its connection.
pub(crate) struct HttpClient {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
    token: String,
    fixture: Arc<Fixture>,
    buffer: Vec<u8>,
}

impl HttpClient {
    fn call(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answered, BenchError> {
        let body = body.map(Value::to_string).unwrap_or_default();
        self.buffer.clear();
        write!(
            self.buffer,
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        )?;
        self.stream.write_all(&self.buffer)?;
        let (status, answer) = self.answer()?;
        if !(200..300).contains(&status) {
            let request = format!("{method} {path}");
            let body = String::from_utf8_lossy(&answer).into_owned();
            return Err(BenchError::Answer { request, status, body });
        }
        serde_json::from_slice(&answer).map_err(|error| std::io::Error::other(error).into())
    }

    fn answer(&mut self) -> Result<(u16, Vec<u8>), BenchError> {
        let mut line = String::new();
        self.reader.read_line(&mut line)?;
        let status = line.split_whitespace().nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        let mut length = 0;
        loop {
            line.clear();
            self.reader.read_line(&mut line)?;
            if line.trim_end().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body)?;
        Ok((status, body))
    }
}

/// What the load needs of an answer: it shares the cores with the server, and keeps the rest for nothing.
#[derive(Deserialize)]
struct Answered {
    id: Option<String>,
}

fn id(answer: &Answered) -> Result<ObjectId, BenchError> {
    let id = answer.id.as_deref().and_then(|text| text.parse().ok());
    id.ok_or_else(|| std::io::Error::other("an answer names no object").into())
}

impl Driver for HttpClient {
    fn create_order(&mut self, draw: &Draw) -> Result<ObjectId, BenchError> {
        let items: Vec<Value> = draw
            .items
            .iter()
            .map(|(product, quantity)| {
                json!({
                    "product": self.fixture.products[*product].to_string(),
                    "quantity": { "value": quantity.to_string(), "unit": "PC" },
                })
            })
            .collect();
        let body = json!({
            "header": {
                "document_type": "OR",
                "sold_to": self.fixture.customers[draw.customer].to_string(),
                "sales_organisation": "1000",
                "distribution_channel": "10",
                "division": "00",
            },
            "items": items,
        });
        id(&self.call("POST", "/api/v1/sales_document", Some(&body))?)
    }

    fn create_delivery(&mut self, order: ObjectId) -> Result<ObjectId, BenchError> {
        let path = format!("/api/v1/sales_document/{order}/deliver");
        id(&self.call("POST", &path, Some(&json!({})))?)
    }

    fn display_order(&mut self, order: ObjectId) -> Result<(), BenchError> {
        self.call("GET", &format!("/api/v1/sales_document/{order}"), None)?;
        Ok(())
    }

    fn post_goods_issue(&mut self, delivery: ObjectId) -> Result<(), BenchError> {
        let path = format!("/api/v1/delivery/{delivery}/post_goods_issue");
        self.call("POST", &path, Some(&json!({})))?;
        Ok(())
    }

    fn list_orders(&mut self, draw: &Draw) -> Result<(), BenchError> {
        let customer = self.fixture.customers[draw.customer];
        let path = format!("/api/v1/sales_document?sold_to={customer}&sort=-id&limit=40");
        self.call("GET", &path, None)?;
        Ok(())
    }

    fn create_invoice(&mut self, delivery: ObjectId) -> Result<(), BenchError> {
        let path = format!("/api/v1/delivery/{delivery}/bill");
        self.call("POST", &path, Some(&json!({})))?;
        Ok(())
    }
}
