//! What two gates do in the same moment.

use super::sessions::device;
use super::{at, key, session, user_id};
use crate::sessions::{Session, Sessions};

/// Ends all sessions by one gate while they change their ids at another: none may slip through.
pub(super) async fn a_sign_out_everywhere_misses_no_rotation([gate, other]: &[impl Sessions; 2]) {
    for round in 0..30 {
        let (old, new) = (1000 + round * 2, 1001 + round * 2);
        assert!(gate.begin(session(old, Some(80))).await.unwrap());
        let rotating = gate.rotate(key(old), session(new, Some(80)), at(1));
        let ending = other.end_all(user_id(80), None);
        let (rotated, ended) = tokio::join!(rotating, ending);
        // Either it was rotated before all ended, or nothing was left to rotate.
        let expected = if rotated.unwrap() { key(new) } else { key(old) };
        assert_eq!(ended.unwrap(), [expected], "round {round}");
        assert!(gate.sessions_of(user_id(80), at(1)).await.unwrap().is_empty(), "round {round}");
    }
}

/// A session begins, or moves, to come from a device that is revoked in the same moment, by itself or with all others.
pub(super) async fn a_session_that_begins_while_its_device_is_revoked_does_not_survive(
    [gate, other]: &[impl Sessions; 2],
) {
    for round in 0..40 {
        let (family, old, new) = (5000 + round * 4, 5001 + round * 4, 5002 + round * 4);
        gate.remember(device(family, 81)).await.unwrap();
        let from_device = Session { family: Some(key(family)), ..session(new, Some(81)) };
        let starts = async {
            if round % 2 == 0 {
                return gate.begin(from_device).await.unwrap();
            }
            assert!(gate.begin(session(old, None)).await.unwrap());
            gate.rotate(key(old), from_device, at(1)).await.unwrap()
        };
        let revokes = async {
            if round % 4 < 2 {
                other.forget(key(family)).await.unwrap()
            } else {
                other.end_all(user_id(81), None).await.unwrap()
            }
        };
        let (began, ended) = tokio::join!(starts, revokes);
        let expected = if began { vec![key(new)] } else { Vec::new() };
        assert_eq!(ended, expected, "round {round}: what began was ended, or nothing began");
        assert_eq!(gate.session(key(new), at(1)).await.unwrap(), None, "round {round}");
        gate.end(key(old)).await.unwrap();
    }
}
