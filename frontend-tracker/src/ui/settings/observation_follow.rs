//! Keeps the section about what is observed up to date, as long as it is open.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};

use super::{
    observation_text::{progress_html, progress_text},
    requests::{RequestResult, send},
    sheet::Sheet,
};
use crate::ui::{api::ApiClient, browser, projects::view_answers::observation_status};

/// How often it is asked for.
const PACE: Duration = Duration::from_secs(2);

/// A section that is kept up to date.
#[derive(Clone)]
struct FollowedObservation {
    api: ApiClient,
    sheet: Sheet,
    address: String,
}

/// Shows the progress at an address.
pub(in crate::ui) fn follow(api: ApiClient, sheet: &Sheet, address: String) {
    FollowedObservation { api, sheet: sheet.clone(), address }.ask();
}

impl FollowedObservation {
    fn ask(self) {
        if !self.sheet.is_open() {
            return;
        }
        spawn_local(async move {
            if browser::is_visible() && !self.api.is_signed_out().get_untracked() {
                let read = send(self.api, "GET", self.address.clone(), None).await;
                if self.sheet.is_open() {
                    self.show(read);
                }
            }
            set_timeout(move || self.ask(), PACE);
        });
    }

    fn show(&self, read: RequestResult) {
        match read {
            Ok(answer) => {
                let status = observation_status(&answer);
                self.sheet.say("observation-said", &progress_text(&status));
                self.sheet.show("observation-rows", &progress_html(&status));
                self.sheet.say("observation-failure", "");
            }
            Err(failure) => self.sheet.say("observation-failure", &failure.why),
        }
    }
}
