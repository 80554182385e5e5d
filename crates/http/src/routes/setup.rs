//! `POST /api/v1/setup`: the first administrator.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use tessera_identity::UserProfile;
use tessera_kernel::Record;

use super::session::{device, welcome};
use crate::refusal::Refusal;
use crate::{Api, body};

/// The first administrator.
#[derive(Record)]
pub(crate) struct Setup {
    /// The one-time secret that the server printed.
    #[field(max = 100)]
    pub(crate) secret: String,
    /// Login.
    #[field(max = 64)]
    pub(crate) login: String,
    /// Name that people see.
    #[field(max = 120)]
    pub(crate) name: String,
    /// Password.
    #[field(max = 512)]
    pub(crate) password: String,
}

pub(super) async fn set_up(
    State(api): State<Arc<Api>>,
    request: Request,
) -> Result<Response, Refusal> {
    let (parts, content) = request.into_parts();
    let Setup { secret, login, name, password } =
        body::record(&parts, content, api.limits.stranger_body).await?;
    let (profile, device) = (UserProfile::administrator(&login, &name), device(&api, &parts));
    let signed_in = api
        .password(move |identity| identity.set_up(&secret, profile, &password, &device))
        .await??;
    Ok(welcome(&api, &signed_in))
}
