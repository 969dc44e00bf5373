//! Letters that wait.

use super::{at, key};
use crate::letters::{Letter, Letters};
use crate::people::People;

pub(super) async fn all(store: &impl People) {
    a_letter_is_taken_by_one_until_it_is_put_back_or_gone(store).await;
    no_more_letters_wait_than_are_meant_to(store).await;
    letters_that_are_no_use_are_swept(store).await;
}

pub(super) fn letter(number: u32) -> Letter {
    Letter { id: key(number), content: vec![0, 255, 10], end: at(1000), tries: 0 }
}

async fn a_letter_is_taken_by_one_until_it_is_put_back_or_gone(store: &impl Letters) {
    assert!(store.keep_letter(letter(600), at(10), 100).await.unwrap());
    assert!(store.keep_letter(letter(601), at(11), 100).await.unwrap());
    assert!(store.take_letters(at(9), at(20), 10).await.unwrap().is_empty(), "not due yet");
    let taken = Letter { tries: 1, ..letter(600) };
    assert_eq!(store.take_letters(at(12), at(60), 1).await.unwrap(), [taken]);
    let other = Letter { tries: 1, ..letter(601) };
    assert_eq!(store.take_letters(at(12), at(60), 9).await.unwrap(), [other], "each is taken by one");
    assert!(store.take_letters(at(59), at(60), 9).await.unwrap().is_empty());
    assert!(store.drop_letter(key(601)).await.unwrap());
    assert!(!store.drop_letter(key(601)).await.unwrap());
    assert!(!store.put_letter_back(key(601), at(0)).await.unwrap(), "it is gone");

    let again = Letter { tries: 2, ..letter(600) };
    assert_eq!(store.take_letters(at(60), at(99), 9).await.unwrap(), [again], "whoever took it was killed");
    assert!(store.put_letter_back(key(600), at(2000)).await.unwrap());
    assert!(store.take_letters(at(1999), at(3000), 9).await.unwrap().is_empty());
    let late = store.take_letters(at(2000), at(3000), 9).await.unwrap();
    assert_eq!(late[0].tries, 3, "over, and taken to be told of");
    assert!(store.drop_letter(key(600)).await.unwrap());
}

async fn no_more_letters_wait_than_are_meant_to(store: &impl Letters) {
    for number in 610..613 {
        assert!(store.keep_letter(letter(number), at(1), 3).await.unwrap());
    }
    assert!(!store.keep_letter(letter(613), at(1), 3).await.unwrap());
    assert!(store.drop_letter(key(611)).await.unwrap());
    assert!(store.keep_letter(letter(613), at(1), 3).await.unwrap());
    for number in [610, 612, 613] {
        assert!(store.drop_letter(key(number)).await.unwrap());
    }
}

async fn letters_that_are_no_use_are_swept(store: &impl People) {
    while store.sweep_people(at(900), 1000).await.unwrap() > 0 {}
    assert!(store.keep_letter(letter(620), at(5000), 9).await.unwrap());
    assert_eq!(store.sweep_people(at(1000 + 3599), 10).await.unwrap(), 0, "whoever sends it tells of it");
    assert_eq!(store.sweep_people(at(1000 + 3600), 10).await.unwrap(), 1);
    assert!(!store.drop_letter(key(620)).await.unwrap());
}

/// Two gates send what waits: each letter is taken by one of them.
pub(super) async fn a_letter_goes_to_one_gate([gate, other]: &[impl Letters; 2]) {
    for number in 700..760 {
        assert!(gate.keep_letter(letter(number), at(1), 100).await.unwrap());
    }
    let mut taken = Vec::new();
    loop {
        let (mine, theirs) =
            tokio::join!(gate.take_letters(at(2), at(90), 7), other.take_letters(at(2), at(90), 7));
        let both = [mine.unwrap(), theirs.unwrap()].concat();
        if both.is_empty() {
            break;
        }
        taken.extend(both.into_iter().map(|letter| letter.id));
    }
    taken.sort_unstable();
    assert_eq!(taken, (700..760).map(key).collect::<Vec<_>>());
}
