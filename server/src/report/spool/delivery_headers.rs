//! Defines the headers of a report that depend on its origin, and their form in a file.
//!
//! They are stored with the report, so that it is sent with the headers that it was made with, also after an
//! upgrade or with other flags.

use headcount_shared::{
    deletion_commitment::DeletionCommitment,
    delivery::{COMMITMENT, PRODUCT, REPLICA, USER_AGENT},
    product::ProductName,
};

/// The headers of a report that depend on its origin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryHeaders {
    /// The program that made it, such as `headcount/0.2.0`. `None` for a report of a version that stored no
    /// headers: the version that sends it is named then.
    pub user_agent: Option<String>,
    /// The product that it is about; `None` if the operator named none.
    pub product: Option<ProductName>,
    /// The commitment of the installation to its deletion secret. `None` for a report of a version that had
    /// none.
    pub commitment: Option<DeletionCommitment>,
    /// Whether it comes from a server that shares its database and does not lead (`Headcount-Replica: 1`).
    pub replica: bool,
}

impl DeliveryHeaders {
    /// The headers with their names in lower case and their values, as they are sent.
    #[must_use]
    pub fn listed(&self) -> Vec<(&'static str, String)> {
        let listed = [
            (USER_AGENT, self.user_agent.clone()),
            (PRODUCT, self.product.as_ref().map(ToString::to_string)),
            (COMMITMENT, self.commitment.map(|commitment| commitment.to_string())),
            (REPLICA, self.replica.then(|| "1".to_owned())),
        ];
        listed.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    /// The headers as text: a line each.
    pub(super) fn encode(&self) -> String {
        self.listed().into_iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
    }

    /// The inverse of [`Self::encode`]; `None` for any other text.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut headers = Self::default();
        for line in text.lines() {
            match line.split_once(": ")? {
                (USER_AGENT, value) => headers.user_agent = Some(value.to_owned()),
                (PRODUCT, value) => headers.product = Some(value.parse().ok()?),
                (COMMITMENT, value) => headers.commitment = Some(value.parse().ok()?),
                (REPLICA, "1") => headers.replica = true,
                _ => return None,
            }
        }
        (headers.encode() == text).then_some(headers)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn headers_are_read_as_they_were_written(
            user_agent in proptest::option::of("headcount/[0-9.]{1,9}"),
            product in proptest::option::of("[a-z0-9-]{1,64}"),
            commitment in proptest::option::of("[0-9a-f]{64}"),
            replica: bool,
        ) {
            let product = product.map(|name| name.parse().unwrap());
            let commitment = commitment.map(|digits| digits.parse().unwrap());
            let headers = DeliveryHeaders { user_agent, product, commitment, replica };
            prop_assert_eq!(DeliveryHeaders::parse(&headers.encode()), Some(headers));
        }

        #[test]
        fn any_text_is_parsed_without_a_panic(text: String) {
            DeliveryHeaders::parse(&text);
        }
    }

    #[test]
    fn only_texts_that_were_written_are_headers() {
        for bad in [
            "headcount-replica: 0\n",
            "headcount-replica: 1",
            "headcount-product: A Shop\n",
            "x-other: 1\n",
            "deletion-commitment: 00\n",
            "\n",
            "headcount-replica: 1\nuser-agent: headcount/1\n",
            "headcount-product: a\nheadcount-product: b\n",
        ] {
            assert_eq!(DeliveryHeaders::parse(bad), None, "{bad:?}");
        }
    }
}
