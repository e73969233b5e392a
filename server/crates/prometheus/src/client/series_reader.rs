//! Parses one series of an answer.

use std::{borrow::Cow, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{QueryError, QuerySpan, SeriesSink};
use crate::query::LabelSelection;

/// The longest text of a kept label, in bytes.
const LONGEST_TEXT: usize = 64 * 1024;

/// Parses series one after another, with shared buffers.
#[derive(Debug)]
pub(super) struct SeriesReader {
    labels: LabelSelection,
    span: QuerySpan,
    points: Vec<(u32, f32)>,
}

impl SeriesReader {
    /// Keeps these labels, and the points of this span.
    pub(super) const fn new(labels: LabelSelection, span: QuerySpan) -> Self {
        Self { labels, span, points: Vec::new() }
    }

    /// Parses one series into `sink`. Returns `false` if it has no point in the span.
    ///
    /// # Errors
    /// The JSON is not a series, a text in it is too long, or the answer is too large.
    pub(super) fn read(&mut self, json: &[u8], sink: &mut impl SeriesSink) -> Result<bool, QueryError> {
        self.points.clear();
        let mut texts = vec![Cow::Borrowed(""); self.labels.labels.len()];
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        SeriesSeed { labels: self.labels, span: self.span, texts: &mut texts, points: &mut self.points }
            .deserialize(&mut deserializer)?;
        deserializer.end()?;
        if self.points.is_empty() {
            return Ok(false);
        }
        if !self.points.is_sorted_by(|(before, _), (after, _)| before < after) {
            return Err(QueryError::NotUnderstood);
        }
        if texts.iter().any(|text| text.len() > LONGEST_TEXT) {
            return Err(QueryError::TooLarge);
        }
        sink.series(&texts.iter().map(Cow::as_ref).collect::<Vec<_>>())?;
        for (at, value) in &self.points {
            sink.point(*at, *value)?;
        }
        Ok(true)
    }
}

/// `{"metric":{…},"values":[…]}`. Native histograms have another member, which is skipped.
struct SeriesSeed<'r, 'de> {
    labels: LabelSelection,
    span: QuerySpan,
    texts: &'r mut [Cow<'de, str>],
    points: &'r mut Vec<(u32, f32)>,
}

impl<'de> DeserializeSeed<'de> for SeriesSeed<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for SeriesSeed<'_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a series")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(key) = members.next_key_seed(TextSeed)? {
            match &*key {
                "metric" => {
                    members.next_value_seed(MetricSeed { labels: self.labels, texts: &mut *self.texts })?;
                }
                "values" => {
                    members.next_value_seed(PointsSeed { span: self.span, points: &mut *self.points })?;
                }
                _ => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// `{"label":"text",…}`.
struct MetricSeed<'r, 'de> {
    labels: LabelSelection,
    texts: &'r mut [Cow<'de, str>],
}

impl<'de> DeserializeSeed<'de> for MetricSeed<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for MetricSeed<'_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("labels")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut renamed = Vec::new();
        while let Some(key) = members.next_key_seed(TextSeed)? {
            match self.labels.column(&key) {
                Some((column, false)) if renamed.contains(&column) => {
                    members.next_value::<IgnoredAny>()?;
                }
                Some((column, is_renamed)) => {
                    self.texts[column] = members.next_value_seed(TextSeed)?;
                    renamed.extend(is_renamed.then_some(column));
                }
                None => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// `[[time,"value"],…]`.
struct PointsSeed<'r> {
    span: QuerySpan,
    points: &'r mut Vec<(u32, f32)>,
}

impl<'de> DeserializeSeed<'de> for PointsSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for PointsSeed<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("points")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let QuerySpan { from, to, .. } = self.span;
        while let Some((at, value)) = elements.next_element_seed(PointSeed)? {
            // Infinite values stay: they show that the series exists, which is all that many queries need.
            if at >= f64::from(from) && at <= f64::from(to) && !value.is_nan() {
                self.points.push((at as u32, value));
            }
        }
        Ok(())
    }
}

/// `[time,"value"]`, with a time in whole seconds.
struct PointSeed;

impl<'de> DeserializeSeed<'de> for PointSeed {
    type Value = (f64, f32);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for PointSeed {
    type Value = (f64, f32);

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a moment and a value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let missing = || A::Error::custom("half a point");
        let at: f64 = elements.next_element()?.ok_or_else(missing)?;
        let value = elements.next_element_seed(TextSeed)?.ok_or_else(missing)?;
        match (value.parse(), elements.next_element::<IgnoredAny>()?) {
            (Ok(value), None) => Ok((at.floor(), value)),
            _ => Err(A::Error::custom("no point")),
        }
    }
}

/// A text, borrowed from the answer unless it contains escapes.
struct TextSeed;

impl<'de> DeserializeSeed<'de> for TextSeed {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for TextSeed {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}
