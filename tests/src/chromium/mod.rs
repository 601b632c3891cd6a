//! A headless Chromium, driven as a person would: it looks, clicks and types.
//!
//! The protocol (`WebDriver`, of the W3C) is a few requests with JSON; the clients on crates.io bring two hundred crates along,
//! among them one that this workspace refuses.
//!
//! ```no_run
//! use system_tests::chromium::Chromium;
//!
//! let browser = Chromium::start();
//! browser.visit("http://127.0.0.1:8080/");
//! browser.fill("#key", "bk_…");
//! browser.click("button");
//! browser.wait_for("h1");
//! ```

mod accessibility;
mod driver;

use std::{
    env, fs,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use driver::Driver;

/// The name of an element's reference in the protocol.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
const LIMIT: Duration = Duration::from_mins(1);

/// The keys that are no letters, as the protocol writes them.
pub mod keys {
    /// The key that goes to the next field.
    pub const TAB: &str = "\u{e004}";
    /// The key that sends a form.
    pub const ENTER: &str = "\u{e007}";
    /// The space bar.
    pub const SPACE: &str = " ";
}

/// A browser with a profile of its own; it ends when this value is dropped.
#[derive(Debug)]
pub struct Chromium {
    driver: Driver,
}

impl Chromium {
    /// Starts one with a window for a desk.
    ///
    /// # Panics
    /// When there is none, or it does not start.
    pub fn start() -> Self {
        let browser = Self { driver: Driver::start() };
        browser.resize(1280, 900);
        browser
    }

    /// Takes away what scripts need: they do not run any more.
    pub fn without_scripts(self) -> Self {
        self.development_tool("Emulation.setScriptExecutionDisabled", &json!({"value": true}));
        self
    }

    /// Changes the size of the window.
    pub fn resize(&self, width: u32, height: u32) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.development_tool("Emulation.setDeviceMetricsOverride", &size);
    }

    /// Prefers `dark` or `light` from now on.
    pub fn prefer(&self, scheme: &str) {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.development_tool("Emulation.setEmulatedMedia", &features);
    }

    /// Goes to an address, and returns once it is loaded.
    pub fn visit(&self, address: &str) {
        self.driver.ask("POST", "/url", &json!({"url": address}));
    }

    /// Loads the page again.
    pub fn reload(&self) {
        self.driver.ask("POST", "/refresh", &json!({}));
    }

    /// Where it is.
    pub fn address(&self) -> String {
        self.driver.ask("GET", "/url", &Value::Null).as_str().unwrap_or_default().to_owned()
    }

    /// What the tab is called.
    pub fn title(&self) -> String {
        self.driver.ask("GET", "/title", &Value::Null).as_str().unwrap_or_default().to_owned()
    }

    /// Clicks on the first element that fits a CSS selector, once there is one.
    ///
    /// # Panics
    /// When there is none within a minute.
    pub fn click(&self, selector: &str) {
        self.on_element(selector, "/click", &json!({}));
    }

    /// Clicks on the first link or button with this text.
    ///
    /// # Panics
    /// When there is none within a minute.
    pub fn press(&self, text: &str) {
        let path = format!("//*[self::a or self::button][starts-with(normalize-space(), '{text}')]");
        let element = self.wait_until(text, || self.find("xpath", &path));
        self.driver.ask("POST", &format!("/element/{element}/click"), &json!({}));
    }

    /// Puts a text into a field, in the place of what is there.
    ///
    /// # Panics
    /// When there is none within a minute.
    pub fn fill(&self, selector: &str, text: &str) {
        self.on_element(selector, "/clear", &json!({}));
        self.on_element(selector, "/value", &json!({"text": text}));
    }

    /// Types into whatever has the focus.
    pub fn type_keys(&self, keys: &str) {
        let press = |key: char| {
            let key = key.to_string();
            [json!({"type": "keyDown", "value": key}), json!({"type": "keyUp", "value": key})]
        };
        let actions: Vec<_> = keys.chars().flat_map(press).collect();
        let actions = json!({"actions": [{"type": "key", "id": "keyboard", "actions": actions}]});
        self.driver.ask("POST", "/actions", &actions);
    }

    /// Waits until an element is there.
    ///
    /// # Panics
    /// When there is none within a minute.
    pub fn wait_for(&self, selector: &str) {
        self.wait_until(selector, || self.find("css selector", selector));
    }

    /// Whether an element is there.
    pub fn has(&self, selector: &str) -> bool {
        self.find("css selector", selector).is_some()
    }

    /// The text of the first element that fits, as it is shown.
    ///
    /// # Panics
    /// When there is none within a minute.
    pub fn text(&self, selector: &str) -> String {
        let read = || {
            let element = self.find("css selector", selector)?;
            let answer =
                self.driver.try_ask("GET", &format!("/element/{element}/text"), &Value::Null).ok()?;
            answer.as_str().map(str::to_owned)
        };
        self.wait_until(selector, read)
    }

    /// Waits until the page has this text somewhere.
    ///
    /// # Panics
    /// When it has not within a minute.
    pub fn wait_for_text(&self, text: &str) {
        self.wait_until(text, || self.text("body").contains(text).then_some(()));
    }

    /// What a script returns.
    pub fn evaluate(&self, script: &str) -> Value {
        self.driver.ask("POST", "/execute/sync", &json!({"script": script, "args": []}))
    }

    /// What the console says since the last time: errors, and what the page's policy refused.
    pub fn console(&self) -> Vec<String> {
        let entries = self.driver.ask("POST", "/se/log", &json!({"type": "browser"}));
        let text = |entry: &Value| format!("{} {}", entry["level"], entry["message"]);
        entries.as_array().into_iter().flatten().map(text).collect()
    }

    /// Keeps a picture of the whole page, where `SCREENSHOTS` names a folder for them.
    ///
    /// # Panics
    /// When the folder cannot be written to.
    pub fn picture(&self, name: &str) {
        let Some(folder) = env::var_os("SCREENSHOTS").map(PathBuf::from) else { return };
        let options = json!({"format": "png", "captureBeyondViewport": true});
        let answer = self.development_tool("Page.captureScreenshot", &options);
        let bytes =
            STANDARD.decode(answer["data"].as_str().unwrap_or_default()).expect("a picture in base64");
        fs::create_dir_all(&folder).expect("a folder for pictures");
        fs::write(folder.join(format!("{name}.png")), bytes).expect("a picture can be written");
    }

    fn development_tool(&self, command: &str, parameters: &Value) -> Value {
        self.driver.ask("POST", "/goog/cdp/execute", &json!({"cmd": command, "params": parameters}))
    }

    fn find(&self, using: &str, value: &str) -> Option<String> {
        let found = self.driver.try_ask("POST", "/element", &json!({"using": using, "value": value})).ok()?;
        found[ELEMENT].as_str().map(str::to_owned)
    }

    fn on_element(&self, selector: &str, action: &str, body: &Value) {
        self.wait_until(selector, || {
            let element = self.find("css selector", selector)?;
            // It may have been replaced since it was found.
            self.driver.try_ask("POST", &format!("/element/{element}{action}"), body).ok()
        });
    }

    #[expect(clippy::disallowed_methods, reason = "a browser can only be asked again")]
    fn wait_until<T>(&self, what: &str, look: impl Fn() -> Option<T>) -> T {
        let limit = Instant::now() + LIMIT;
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(
                Instant::now() < limit,
                "{what} did not come within a minute; {} shows: {}",
                self.address(),
                self.evaluate("return document.body.innerText")
            );
            thread::sleep(Duration::from_millis(20));
        }
    }
}
