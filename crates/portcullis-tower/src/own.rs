//! Pages of our own, answered here.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Response, StatusCode};
use http_body::Body as HttpBody;
use http_body_util::BodyExt;
use portcullis::layers::departure::headers::learn;
use portcullis::own::Own;
use portcullis::{Admitted, Outstanding};

use crate::people::{Answer, Asked, Identity};
use crate::sink::EventSink;

/// The longest body that a page of people takes, in bytes.
const LONGEST: usize = 64 << 10;

/// The answer of a page of our own.
pub(crate) async fn answer<B>(
    own: Own,
    admitted: Admitted,
    body: B,
    sink: &dyn EventSink,
    identity: Option<&dyn Identity>,
    now: Duration,
) -> (Outstanding, Response<Bytes>)
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    match own {
        Own::CspReport => {
            let status = match whole(body, learn::LONGEST).await {
                Ok(body) => {
                    for report in admitted.reports(&body) {
                        sink.hear(&report);
                    }
                    StatusCode::NO_CONTENT
                }
                Err(status) => status,
            };
            (admitted.depart().1, empty(status))
        }
        Own::People => people(admitted, body, identity, now).await,
    }
}

async fn people<B>(
    mut admitted: Admitted,
    body: B,
    identity: Option<&dyn Identity>,
    now: Duration,
) -> (Outstanding, Response<Bytes>)
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let visitor = admitted.visitor().clone();
    let presented = admitted.take_presented();
    let context = admitted.context();
    let origin = admitted.site().origin(admitted.scheme());
    let exchange = admitted.id().to_string();
    let (head, mut outstanding) = admitted.depart();
    let Some(identity) = identity else {
        return (outstanding, empty(StatusCode::SERVICE_UNAVAILABLE));
    };
    let body = match whole(body, LONGEST).await {
        Ok(body) => body,
        Err(status) => return (outstanding, empty(status)),
    };
    let asked = Asked { head, body, visitor, presented, context, origin, now, exchange };
    let Answer { response, notices } = identity.answer(asked).await;
    outstanding.tell(notices);
    (outstanding, response)
}

fn empty(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

/// The whole body, if it is no longer than `most` bytes.
async fn whole<B>(mut body: B, most: usize) -> Result<Bytes, StatusCode>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| StatusCode::BAD_REQUEST)?;
        if let Ok(data) = frame.into_data() {
            if bytes.len().saturating_add(data.len()) > most {
                return Err(StatusCode::PAYLOAD_TOO_LARGE);
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes.freeze())
}
