//! Parses the parameters of a request for a page of the stored reports.

use serde::Deserialize;
use thiserror::Error;
use utoipa::IntoParams;
use uuid::Uuid;

/// The default number of reports on a page.
const DEFAULT_LIMIT: u16 = 100;

/// The maximum number of reports on a page.
const MAX_LIMIT: u16 = 1000;

/// The parameters of a listing, as they were sent.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListingParameters {
    /// Lists the reports of one installation.
    pub instance: Option<String>,
    /// Lists what follows this cursor.
    pub after: Option<String>,
    /// Lists at most this many.
    pub limit: Option<String>,
}

/// One page of the listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListingPage {
    /// The UUID of the only installation to list; `None` lists all.
    pub instance: Option<String>,
    /// The cursor that the page follows.
    pub after: i64,
    /// The maximum number of reports on it.
    pub limit: u16,
}

/// A parameter is invalid.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum BadParameter {
    /// Not a UUID.
    #[error("the parameter \"instance\" is not a UUID")]
    Instance,
    /// Not a cursor.
    #[error("the parameter \"after\" is not a number that a listing gave as \"next\"")]
    After,
    /// Out of range.
    #[error("the parameter \"limit\" is not a number from 1 to {MAX_LIMIT}")]
    Limit,
}

impl ListingPage {
    /// Reads the parameters.
    ///
    /// # Errors
    /// Every [`BadParameter`].
    pub fn new(parameters: &ListingParameters) -> Result<Self, BadParameter> {
        let ListingParameters { instance, after, limit } = parameters;
        let instance = instance.as_deref().map(Uuid::try_parse).transpose();
        let after = after.as_deref().map_or(Ok(0), str::parse).ok().filter(|after| *after >= 0);
        let limit = limit.as_deref().map_or(Ok(DEFAULT_LIMIT), str::parse).ok();
        Ok(Self {
            instance: instance.map_err(|_| BadParameter::Instance)?.map(|uuid| uuid.to_string()),
            after: after.ok_or(BadParameter::After)?,
            limit: limit.filter(|limit| (1..=MAX_LIMIT).contains(limit)).ok_or(BadParameter::Limit)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "4423595b-9d97-4e01-a19f-8e3d60c83b2a";

    fn check(
        instance: Option<&str>,
        after: Option<&str>,
        limit: Option<&str>,
    ) -> Result<ListingPage, BadParameter> {
        let owned = |text: Option<&str>| text.map(ToOwned::to_owned);
        ListingPage::new(&ListingParameters {
            instance: owned(instance),
            after: owned(after),
            limit: owned(limit),
        })
    }

    #[test]
    fn every_parameter_may_be_missing() {
        assert_eq!(check(None, None, None), Ok(ListingPage { instance: None, after: 0, limit: 100 }));
    }

    #[test]
    fn parameters_in_range_are_taken() {
        let page = check(Some(&UUID.to_uppercase()), Some("17"), Some("1000")).unwrap();
        assert_eq!(page, ListingPage { instance: Some(UUID.to_owned()), after: 17, limit: 1000 });
        assert_eq!(check(None, Some("0"), Some("1")).unwrap().limit, 1);
    }

    #[test]
    fn parameters_out_of_range_are_named() {
        for instance in ["", "all", "4423595b"] {
            assert_eq!(check(Some(instance), None, None), Err(BadParameter::Instance), "{instance:?}");
        }
        for after in ["", "-1", "x", "1.5", "9223372036854775808"] {
            assert_eq!(check(None, Some(after), None), Err(BadParameter::After), "{after:?}");
        }
        for limit in ["", "0", "-1", "1001", "99999", "ten"] {
            assert_eq!(check(None, None, Some(limit)), Err(BadParameter::Limit), "{limit:?}");
        }
    }
}
