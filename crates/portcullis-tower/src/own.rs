//! Pages of our own, answered here.

use bytes::{Bytes, BytesMut};
use http::{Response, StatusCode, response};
use http_body::Body as HttpBody;
use http_body_util::BodyExt;
use portcullis::Admitted;
use portcullis::layers::departure::headers::learn;
use portcullis::own::Own;

use crate::sink::EventSink;

/// The answer of a page of our own.
pub(crate) async fn answer<B>(own: Own, admitted: &Admitted, body: B, sink: &dyn EventSink) -> response::Parts
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let status = match own {
        Own::CspReport => match whole(body, learn::LONGEST).await {
            Ok(body) => {
                for report in admitted.reports(&body) {
                    sink.hear(&report);
                }
                StatusCode::NO_CONTENT
            }
            Err(status) => status,
        },
    };
    let mut response = Response::new(());
    *response.status_mut() = status;
    response.into_parts().0
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
