//! Values that remember what was asked of them in vain.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use liquid_core::model::{DisplayCow, KStringCow, ObjectView, ScalarCow, State, Value, ValueView};

/// Names that liquid itself looks up in the outermost values.
const LIQUIDS_OWN: [&str; 2] = ["forloop", "tablerow"];

/// A tree of values. Objects are wrapped at every level; a look-up that finds nothing is recorded with its path.
#[derive(Debug)]
pub(super) struct Strict {
    path: String,
    /// The plain value, for all that liquid does to values other than looking into them.
    value: Value,
    fields: Vec<(String, Rc<Strict>)>,
    misses: Rc<RefCell<Vec<String>>>,
}

impl Strict {
    pub(super) fn new(values: &serde_json::Value) -> Self {
        Self::wrap(String::new(), values, &Rc::default())
    }

    /// The same values with `own` over them, and nothing recorded yet.
    pub(super) fn with(&self, own: &serde_json::Value) -> Self {
        self.misses.borrow_mut().clear();
        let mut all = Self::wrap(String::new(), own, &self.misses);
        all.fields.extend(self.fields.iter().cloned());
        all
    }

    /// The first name that was asked for and is not there.
    pub(super) fn first_miss(&self) -> Option<String> {
        self.misses.borrow().first().cloned()
    }

    fn wrap(path: String, json: &serde_json::Value, misses: &Rc<RefCell<Vec<String>>>) -> Self {
        let prefix = if path.is_empty() { String::new() } else { format!("{path}.") };
        let fields = json
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, json)| (key.clone(), Rc::new(Self::wrap(format!("{prefix}{key}"), json, misses))))
            .collect();
        Self {
            path,
            value: liquid_core::model::to_value(json).unwrap_or(Value::Nil),
            fields,
            misses: Rc::clone(misses),
        }
    }

    fn find(&self, index: &str) -> Option<&Self> {
        let found = self.fields.iter().find(|(key, _)| key == index);
        if found.is_none() && !LIQUIDS_OWN.contains(&index) {
            let path = if self.path.is_empty() { index.to_owned() } else { format!("{}.{index}", self.path) };
            self.misses.borrow_mut().push(path);
        }
        found.map(|(_, value)| value.as_ref())
    }
}

impl ValueView for Strict {
    fn as_debug(&self) -> &dyn fmt::Debug {
        self
    }
    fn render(&self) -> DisplayCow<'_> {
        self.value.render()
    }
    fn source(&self) -> DisplayCow<'_> {
        self.value.source()
    }
    fn type_name(&self) -> &'static str {
        self.value.type_name()
    }
    fn query_state(&self, state: State) -> bool {
        self.value.query_state(state)
    }
    fn to_kstr(&self) -> KStringCow<'_> {
        self.value.to_kstr()
    }
    fn to_value(&self) -> Value {
        self.value.clone()
    }
    fn as_scalar(&self) -> Option<ScalarCow<'_>> {
        self.value.as_scalar()
    }
    fn as_array(&self) -> Option<&dyn liquid_core::model::ArrayView> {
        self.value.as_array()
    }
    fn as_object(&self) -> Option<&dyn ObjectView> {
        self.value.is_object().then_some(self as &dyn ObjectView)
    }
}

impl ObjectView for Strict {
    fn as_value(&self) -> &dyn ValueView {
        self
    }
    fn size(&self) -> i64 {
        i64::try_from(self.fields.len()).unwrap_or(i64::MAX)
    }
    fn keys<'k>(&'k self) -> Box<dyn Iterator<Item = KStringCow<'k>> + 'k> {
        Box::new(self.fields.iter().map(|(key, _)| key.as_str().into()))
    }
    fn values<'k>(&'k self) -> Box<dyn Iterator<Item = &'k dyn ValueView> + 'k> {
        Box::new(self.fields.iter().map(|(_, value)| value.as_ref() as &dyn ValueView))
    }
    fn iter<'k>(&'k self) -> Box<dyn Iterator<Item = (KStringCow<'k>, &'k dyn ValueView)> + 'k> {
        Box::new(self.fields.iter().map(|(key, value)| (key.as_str().into(), value.as_ref() as &dyn ValueView)))
    }
    fn contains_key(&self, index: &str) -> bool {
        self.find(index).is_some()
    }
    fn get<'s>(&'s self, index: &str) -> Option<&'s dyn ValueView> {
        self.find(index).map(|value| value as &dyn ValueView)
    }
}
