//! The notes, in memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many notes are kept; the oldest goes first.
const MOST: usize = 1000;
/// How long a note may be, in characters.
pub(crate) const LONGEST: usize = 2000;

/// One note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Its number.
    pub id: u64,
    /// What it says.
    pub text: String,
}

/// All notes; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Notes(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    last_id: u64,
    notes: VecDeque<Note>,
}

impl Notes {
    /// Newest first.
    #[must_use]
    pub fn all(&self) -> Vec<Note> {
        self.kept().notes.iter().rev().cloned().collect()
    }

    /// Adds a note, cut to its longest; one of nothing but space is none.
    pub fn add(&self, text: &str) {
        let text: String = text.trim().chars().take(LONGEST).collect();
        if text.is_empty() {
            return;
        }
        let mut kept = self.kept();
        kept.last_id += 1;
        let id = kept.last_id;
        kept.notes.push_back(Note { id, text });
        if kept.notes.len() > MOST {
            kept.notes.pop_front();
        }
    }

    /// Deletes a note, if it is there.
    pub fn delete(&self, id: u64) {
        self.kept().notes.retain(|note| note.id != id);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
