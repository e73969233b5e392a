//! Defines the keys of the tracker in the `localStorage` of a browser, and the script that removes them.
//!
//! `frontend-tracker/js/page.js` writes these keys; a test there compares the two.

/// The prefix of the key of a browser's UUID. The base path of the installation follows:
/// `headcount-device-id:/coroot/`. If the installation is on another origin than the page, its whole base URL
/// follows.
pub const DEVICE_KEY_PREFIX: &str = "headcount-device-id:";

/// The key of version 0.1.0, which installations on one origin shared. It is removed, and its UUID is not
/// used.
pub const SHARED_DEVICE_KEY: &str = "headcount-device-id";

/// The key of the opt-out. It applies to all installations on the origin of a page.
pub const OPT_OUT_KEY: &str = "headcount-opt-out";

/// The content of `static/tracker.js` while usage statistics are off.
///
/// It removes the UUID of this installation and of no other, wherever its page sends views. It fetches and
/// sends nothing, and never throws. It exports the functions of the tracker, so that pages that import them
/// continue to work; an opt-out is stored.
///
/// It derives the address of the installation from its own address, as the tracker does: behind a reverse
/// proxy, only the browser knows it.
pub const OFF_SCRIPT: &str = r#"const ID="headcount-device-id",OPT_OUT="headcount-opt-out";
let state="off";
const stored=use=>{try{use(localStorage)}catch{}};
const forget=storage=>Object.keys(storage).forEach(key=>key.startsWith(ID)&&storage.removeItem(key));
stored(storage=>{
  if(storage.getItem(OPT_OUT)){state="opted-out";return forget(storage)}
  const {origin,pathname,href}=new URL("..",(""+import.meta.url).replace(/\/\/[^/]*@/,"//"));
  storage.removeItem(ID);
  storage.removeItem(ID+":"+(origin===location.origin?pathname:href));
});
export const start=()=>{};
export const optOut=()=>{
  stored(storage=>storage.setItem(OPT_OUT,"1"));
  stored(forget);
  state="opted-out";
};
export const optIn=()=>{
  stored(storage=>storage.removeItem(OPT_OUT));
  state="off";
};
export const status=()=>({state,waiting:0,dropped:0});
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_of_a_server_that_is_off_knows_every_key() {
        for key in [SHARED_DEVICE_KEY, OPT_OUT_KEY] {
            assert!(OFF_SCRIPT.contains(&format!("\"{key}\"")), "{key}");
        }
        assert_eq!(DEVICE_KEY_PREFIX, format!("{SHARED_DEVICE_KEY}:"));
        assert!(OFF_SCRIPT.contains("ID+\":\"+(origin===location.origin?pathname:href)"));
    }

    #[test]
    fn the_script_of_a_server_that_is_off_makes_no_request() {
        for request in ["fetch", "sendBeacon", "XMLHttpRequest", ".wasm", "import("] {
            assert!(!OFF_SCRIPT.contains(request), "{request}");
        }
    }
}
