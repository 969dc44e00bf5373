//! `TX`: variables of the transaction. Names that stand in the rules are slots; others are looked up.

use std::collections::HashMap;

use super::state::State;
use crate::rules::RuleSet;
use crate::strings::StrId;
use crate::values::Val;

/// The variables.
#[derive(Debug, Clone)]
pub(crate) struct TxVars {
    pub(crate) slots: Vec<Option<Val>>,
    /// Names that are not slots, in lower case.
    pub(crate) others: Vec<(StrId, Option<Val>)>,
    /// Where they are, once there are too many to look through: a client can make names.
    index: HashMap<Box<[u8]>, usize>,
}

/// Fewer names than this are looked through.
const FEW: usize = 16;

/// Where a variable is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Slot(usize),
    Other(usize),
}

impl TxVars {
    pub(crate) fn new(slots: usize) -> Self {
        Self { slots: vec![None; slots], others: Vec::new(), index: HashMap::new() }
    }

    pub(crate) fn slot(&self, slot: usize) -> Option<Val> {
        self.slots.get(slot).copied().flatten()
    }

    pub(crate) fn get(&self, place: Place) -> Option<Val> {
        match place {
            Place::Slot(slot) => self.slot(slot),
            Place::Other(index) => self.others.get(index).and_then(|(_, value)| *value),
        }
    }

    pub(crate) fn set(&mut self, place: Place, value: Option<Val>) {
        match place {
            Place::Slot(slot) => {
                if let Some(known) = self.slots.get_mut(slot) {
                    *known = value;
                }
            }
            Place::Other(index) => {
                if let Some((_, known)) = self.others.get_mut(index) {
                    *known = value;
                }
            }
        }
    }
}

impl State {
    /// The place of the variable of that name, in lower case, if it has one.
    pub(crate) fn tx_place(&self, set: &RuleSet, name: &[u8]) -> Option<Place> {
        if let Some(slot) = set.slot_of.get(name) {
            return Some(Place::Slot(*slot));
        }
        let known = if self.tx.index.is_empty() {
            self.tx.others.iter().position(|(known, _)| self.text(set, *known) == name)
        } else {
            self.tx.index.get(name).copied()
        };
        known.map(Place::Other)
    }

    /// The place of the variable of that name, which is made if there is none.
    pub(crate) fn tx_place_of(&mut self, set: &RuleSet, name: StrId) -> Place {
        if let Some(place) = self.tx_place(set, self.text(set, name)) {
            return place;
        }
        let place = self.tx.others.len();
        self.tx.others.push((name, None));
        if place == FEW {
            for at in 0..place {
                let Some((known, _)) = self.tx.others.get(at).copied() else { continue };
                let known = self.text(set, known).into();
                self.tx.index.insert(known, at);
            }
        }
        if place >= FEW {
            let name = self.text(set, name).into();
            self.tx.index.insert(name, place);
        }
        Place::Other(place)
    }

    pub(crate) fn tx_text(&self, set: &RuleSet, name: &[u8]) -> Option<Vec<u8>> {
        let value = self.tx_place(set, name).and_then(|place| self.tx.get(place))?;
        Some(match value {
            Val::Str(id) => self.text(set, id).to_vec(),
            Val::Int(number) => {
                let mut out = Vec::new();
                crate::values::push_number(&mut out, number);
                out
            }
        })
    }
}
