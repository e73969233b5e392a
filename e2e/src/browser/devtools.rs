//! What can Chromium be told beyond what all engines can?

use serde_json::Value;

use super::Browser;

impl Browser {
    /// Has Chromium do a command of its `DevTools` protocol in the present tab, and gives the answer. It holds for this tab
    /// until the browser ends. No other engine has the protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.web.cdp().send_raw(command, parameters).await.expect("Chromium does the command")
    }
}
