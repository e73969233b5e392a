//! Adds the selector of a project to the expressions of queries.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex},
};

use headcount_platform::lock::lock;
use promql_parser::{
    label::{Matcher, Matchers},
    parser::{self, Expr},
    util::visitor::{ExprVisitorMut, walk_expr_mut},
};

use super::{QueryError, confined_parser::confined, endpoint::InvalidAccess};
use crate::query::PrometheusQuery;

/// The placeholder for the range in an expression.
const RANGE: &str = "$RANGE";

/// The expressions of one project.
pub struct QueryExpressions {
    selector: ExtraSelector,
    /// The expression of each query by name, for the latest range.
    ready: Mutex<HashMap<&'static str, (u32, Arc<str>)>>,
}

/// The matchers that are added to every vector selector.
#[derive(Default)]
pub struct ExtraSelector(Vec<Matcher>);

impl QueryExpressions {
    /// The expressions with the matchers of a selector.
    #[must_use]
    pub fn new(selector: ExtraSelector) -> Self {
        Self { selector, ready: Mutex::default() }
    }

    /// The expression of a query for a range of `range_seconds`.
    ///
    /// # Errors
    /// [`QueryError::InvalidQuery`].
    pub fn of(&self, query: &'static PrometheusQuery, range_seconds: u32) -> Result<Arc<str>, QueryError> {
        let mut ready = lock(&self.ready);
        if let Some((range, text)) = ready.get(query.name)
            && *range == range_seconds
        {
            return Ok(Arc::clone(text));
        }
        let plain = query.expression.replace(RANGE, &format!("{range_seconds}s"));
        let text: Arc<str> = self.selector.put_into(plain)?.into();
        ready.insert(query.name, (range_seconds, Arc::clone(&text)));
        Ok(text)
    }

    /// An operator's expression with the selector added.
    ///
    /// # Errors
    /// [`QueryError::InvalidQuery`].
    pub fn of_text(&self, expression: &str) -> Result<String, QueryError> {
        self.selector.put_into(expression.to_owned())
    }
}

impl ExtraSelector {
    /// Parses a selector such as `{cluster="a",zone=~"b.*"}`; an empty text has no matchers.
    ///
    /// # Errors
    /// [`InvalidAccess::Selector`] if the text is not a selector, or has a metric name or an `or`, which
    /// Prometheus would refuse.
    pub fn parse(text: &str) -> Result<Self, InvalidAccess> {
        confined(text, Self::parsed).ok_or(InvalidAccess::Selector)
    }

    fn parsed(text: &str) -> Option<Self> {
        // A placeholder for the name: on its own, a selector that also matches series without any of its
        // labels is invalid.
        const NAME: &str = "x";
        let Ok(Expr::VectorSelector(selector)) = parser::parse(&format!("{NAME} {text}")) else {
            return None;
        };
        let Matchers { matchers, or_matchers } = selector.matchers;
        let names_a_metric = matchers.iter().any(|matcher| matcher.name == "__name__");
        let is_more =
            selector.name.as_deref() != Some(NAME) || selector.offset.is_some() || selector.at.is_some();
        (!names_a_metric && !is_more && or_matchers.is_empty()).then_some(Self(matchers))
    }

    fn put_into(&self, expression: String) -> Result<String, QueryError> {
        if self.0.is_empty() {
            return Ok(expression);
        }
        let put = |text: &str| {
            let mut parsed = parser::parse(text).ok()?;
            let Ok(_) = walk_expr_mut(&mut MatcherAppender(&self.0), &mut parsed);
            Some(parsed.to_string())
        };
        confined(&expression, put).ok_or(QueryError::InvalidQuery)
    }
}

impl fmt::Debug for ExtraSelector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the matchers, which may contain names.
        formatter.debug_tuple("ExtraSelector").field(&self.0.len()).finish()
    }
}

impl fmt::Debug for QueryExpressions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The matchers contain names of the installation.
        formatter.debug_struct("QueryExpressions").finish_non_exhaustive()
    }
}

/// Adds matchers to every selector of an expression.
struct MatcherAppender<'m>(&'m [Matcher]);

impl ExprVisitorMut for MatcherAppender<'_> {
    type Error = std::convert::Infallible;

    fn pre_visit(&mut self, expression: &mut Expr) -> Result<bool, Self::Error> {
        match expression {
            Expr::VectorSelector(selector) => self.append_to(&mut selector.matchers),
            Expr::MatrixSelector(selector) => self.append_to(&mut selector.vs.matchers),
            _ => {}
        }
        Ok(true)
    }
}

impl MatcherAppender<'_> {
    fn append_to(&self, matchers: &mut Matchers) {
        if matchers.or_matchers.is_empty() {
            matchers.matchers.extend_from_slice(self.0);
        }
        for alternative in &mut matchers.or_matchers {
            alternative.extend_from_slice(self.0);
        }
    }
}

#[cfg(test)]
mod tests;
