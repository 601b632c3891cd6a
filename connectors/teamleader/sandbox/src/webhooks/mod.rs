//! Webhooks: who is told of what, and what became of every message.

mod courier;
mod event;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::sync::{mpsc, watch};

pub(crate) use courier::carry;
pub(crate) use event::{TYPES, events};

use crate::clock::Millis;
use crate::random::Random;
use crate::switches::Switches;

/// Messages remembered; the oldest are forgotten first.
const KEPT: usize = 100_000;

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WebhookOutcome {
    /// It is on its way, or waits for another try.
    Waiting,
    /// The receiver answered with a status of success.
    Delivered,
    /// All tries are used up.
    Failed,
    /// It was lost, as the switch says.
    Dropped,
}

/// One message to one URL. A message that is sent twice is two of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct WebhookMessage {
    /// Counted from 0, in the order in which things happened.
    pub number: u64,
    /// Where it goes.
    pub url: String,
    /// The body.
    pub payload: Value,
    /// When it happened by the sandbox clock, in milliseconds since 1970.
    pub at: i64,
    /// The status of every answer so far; 0 when there was none.
    pub answers: Vec<u16>,
    /// What became of it.
    pub outcome: WebhookOutcome,
}

/// A URL and the types of events that it hears of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WebhookRegistration {
    /// The URL.
    pub url: String,
    /// The types, sorted.
    pub types: Vec<String>,
}

/// A message as the courier carries it.
#[derive(Debug)]
pub(crate) struct Post {
    number: u64,
    url: String,
    body: String,
    tries: u32,
    pause: Duration,
    delay: Duration,
    reorder: bool,
}

#[derive(Debug)]
pub(crate) struct Webhooks {
    registered: BTreeMap<String, BTreeSet<String>>,
    messages: VecDeque<WebhookMessage>,
    sent: u64,
    outbox: Option<mpsc::UnboundedSender<Post>>,
    waiting: watch::Sender<usize>,
    random: Random,
}

impl Webhooks {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            registered: BTreeMap::new(),
            messages: VecDeque::new(),
            sent: 0,
            outbox: None,
            waiting: watch::Sender::new(0),
            random: Random::new(seed ^ 5),
        }
    }

    /// From here on somebody carries the messages away.
    pub(crate) fn open(&mut self) -> mpsc::UnboundedReceiver<Post> {
        let (outbox, posts) = mpsc::unbounded_channel();
        self.outbox = Some(outbox);
        posts
    }

    pub(crate) fn register(&mut self, url: String, types: Vec<String>) {
        self.registered.entry(url).or_default().extend(types);
    }

    pub(crate) fn unregister(&mut self, url: &str, types: &[String]) {
        if let Some(registered) = self.registered.get_mut(url) {
            registered.retain(|name| !types.contains(name));
            if registered.is_empty() {
                self.registered.remove(url);
            }
        }
    }

    /// By URL.
    pub(crate) fn registrations(&self) -> Vec<WebhookRegistration> {
        let registration = |(url, types): (&String, &BTreeSet<String>)| WebhookRegistration {
            url: url.clone(),
            types: types.iter().cloned().collect(),
        };
        self.registered.iter().map(registration).collect()
    }

    pub(crate) fn has_listeners(&self) -> bool {
        !self.registered.is_empty()
    }

    /// Tells everybody who registered for this type.
    pub(crate) fn tell(&mut self, kind: &str, payload: &Value, switches: &Switches, at: Millis) {
        let listens = |(_, types): &(&String, &BTreeSet<String>)| types.contains(kind);
        let urls: Vec<String> = self.registered.iter().filter(listens).map(|(url, _)| url.clone()).collect();
        for url in urls {
            self.send(&url, payload, switches, at);
        }
    }

    /// Tells one URL, as often as the switches want.
    pub(crate) fn send(&mut self, url: &str, payload: &Value, switches: &Switches, at: Millis) {
        if self.happens(switches.webhook_drop_percent) {
            self.note(url, payload, at, WebhookOutcome::Dropped);
            return;
        }
        let copies = if self.happens(switches.webhook_duplicate_percent) { 2 } else { 1 };
        for _ in 0..copies {
            let number = self.note(url, payload, at, WebhookOutcome::Waiting);
            let post = Post {
                number,
                url: url.to_owned(),
                body: payload.to_string(),
                tries: switches.webhook_tries.max(1),
                pause: Duration::from_millis(switches.webhook_retry_millis),
                delay: Duration::from_millis(switches.webhook_delay_millis),
                reorder: switches.webhook_reorder,
            };
            self.waiting.send_modify(|waiting| *waiting += 1);
            let is_carried = self.outbox.as_ref().is_some_and(|outbox| outbox.send(post).is_ok());
            if !is_carried {
                self.settle(number, WebhookOutcome::Failed);
            }
        }
    }

    fn happens(&mut self, percent: u8) -> bool {
        self.random.below(100) < u64::from(percent)
    }

    fn note(&mut self, url: &str, payload: &Value, at: Millis, outcome: WebhookOutcome) -> u64 {
        let number = self.sent;
        self.sent += 1;
        if self.messages.len() == KEPT {
            self.messages.pop_front();
        }
        let (url, payload) = (url.to_owned(), payload.clone());
        self.messages.push_back(WebhookMessage { number, url, payload, at, answers: Vec::new(), outcome });
        number
    }

    /// A try was answered, or not (0). Returns whether the message is done with.
    fn tried(&mut self, number: u64, status: u16, is_last: bool) -> bool {
        if let Some(message) = self.message(number) {
            message.answers.push(status);
        }
        match status {
            200..300 => self.settle(number, WebhookOutcome::Delivered),
            _ if is_last => self.settle(number, WebhookOutcome::Failed),
            _ => return false,
        }
        true
    }

    fn settle(&mut self, number: u64, outcome: WebhookOutcome) {
        if let Some(message) = self.message(number) {
            message.outcome = outcome;
        }
        self.waiting.send_modify(|waiting| *waiting = waiting.saturating_sub(1));
    }

    fn message(&mut self, number: u64) -> Option<&mut WebhookMessage> {
        let first = self.messages.front()?.number;
        self.messages.get_mut(usize::try_from(number.checked_sub(first)?).ok()?)
    }

    pub(crate) fn messages(&self) -> Vec<WebhookMessage> {
        self.messages.iter().cloned().collect()
    }

    pub(crate) fn forget_messages(&mut self) {
        self.messages.clear();
    }

    /// How many messages are on their way, now and later.
    pub(crate) fn waiting(&self) -> watch::Receiver<usize> {
        self.waiting.subscribe()
    }
}
