//! Splits the bytes of an answer into its parts.
//!
//! An answer is `{"status":…,"data":{"resultType":…,"result":[series,…]},…}`, with its members in any order.
//! The splitter finds the values of the members and the series one by one, wherever the bytes are split into
//! chunks, and buffers only the unfinished part. It checks only the separators; the readers of the parts
//! check the rest.

use memchr::memchr2;

use super::QueryError;

/// The largest part. The longest series in an answer of Prometheus, 11,000 points, is smaller.
const LARGEST: usize = 4 * 1024 * 1024;

/// A part of an answer: the bytes of a JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnswerPart<'b> {
    /// The member `status`.
    Status(&'b [u8]),
    /// The member `errorType`.
    ErrorType(&'b [u8]),
    /// A member `warnings` or `infos`.
    Warnings(&'b [u8]),
    /// The member `resultType` of the data.
    ResultType(&'b [u8]),
    /// One element of the member `result` of the data.
    Series(&'b [u8]),
}

/// The position in an answer.
#[derive(Debug, Default)]
pub(super) struct AnswerSplitter {
    inside: OpenContainer,
    expected: ExpectedToken,
    member: AnswerMember,
    /// The unfinished value.
    value: Option<PartialValue>,
    /// The bytes of that value from earlier chunks.
    held: Vec<u8>,
}

/// The innermost array or object that is split.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum OpenContainer {
    #[default]
    Nothing,
    Answer,
    Data,
    Result,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum ExpectedToken {
    #[default]
    Answer,
    FirstKey,
    Key,
    Colon,
    FirstElement,
    Value,
    Comma,
    Nothing,
}

/// The member of the next value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum AnswerMember {
    Status,
    ErrorType,
    Warnings,
    Data,
    ResultType,
    Result,
    #[default]
    Other,
}

/// A value whose end is searched.
#[derive(Debug)]
enum PartialValue {
    /// A text, or an object or array with its contents.
    Enclosed(EnclosedScan),
    /// A number or a word, which ends before a separator.
    Bare,
}

/// The state of the search for the end of an enclosed value.
#[derive(Debug, Default)]
struct EnclosedScan {
    /// The number of open objects and arrays.
    depth: u32,
    in_text: bool,
    /// The last byte was a backslash, which escapes the next.
    escaped: bool,
}

impl AnswerSplitter {
    /// Processes the next bytes, and passes the parts that end in them to `take`.
    ///
    /// # Errors
    /// The bytes are not an answer, a part is too large, or `take` returned an error.
    pub(super) fn push(
        &mut self,
        mut bytes: &[u8],
        take: &mut impl FnMut(AnswerPart<'_>) -> Result<(), QueryError>,
    ) -> Result<(), QueryError> {
        loop {
            if let Some(value) = &mut self.value {
                let Some(end) = value.end(bytes) else { return self.hold(bytes) };
                let (last, after) = bytes.split_at(end);
                self.value = None;
                self.take_value(last, take)?;
                bytes = after;
            }
            bytes = bytes.trim_ascii_start();
            let Some((first, after)) = bytes.split_first() else { return Ok(()) };
            self.step(*first)?;
            if self.value.is_none() {
                bytes = after;
            }
        }
    }

    /// Ends the answer.
    ///
    /// # Errors
    /// It is incomplete.
    pub(super) fn finish(&self) -> Result<(), QueryError> {
        if self.expected == ExpectedToken::Nothing { Ok(()) } else { Err(QueryError::NotUnderstood) }
    }

    /// Processes a separator, or the first byte of a value.
    fn step(&mut self, byte: u8) -> Result<(), QueryError> {
        match (self.expected, self.inside, byte) {
            (ExpectedToken::Answer, _, b'{') => self.open(OpenContainer::Answer, ExpectedToken::FirstKey),
            (ExpectedToken::FirstKey | ExpectedToken::Key, _, b'"') => {
                self.value = Some(PartialValue::beginning_with(byte))
            }
            (ExpectedToken::Colon, _, b':') => self.expected = ExpectedToken::Value,
            (ExpectedToken::Value, OpenContainer::Answer, b'{') if self.member == AnswerMember::Data => {
                self.open(OpenContainer::Data, ExpectedToken::FirstKey);
            }
            (ExpectedToken::Value, OpenContainer::Data, b'[') if self.member == AnswerMember::Result => {
                self.open(OpenContainer::Result, ExpectedToken::FirstElement);
            }
            (ExpectedToken::FirstElement | ExpectedToken::Comma, OpenContainer::Result, b']')
            | (
                ExpectedToken::FirstKey | ExpectedToken::Comma,
                OpenContainer::Answer | OpenContainer::Data,
                b'}',
            ) => self.close(),
            (ExpectedToken::Comma, OpenContainer::Result, b',') => self.expected = ExpectedToken::Value,
            (ExpectedToken::Comma, _, b',') => self.expected = ExpectedToken::Key,
            (ExpectedToken::Value | ExpectedToken::FirstElement, _, byte) if !b",:]}".contains(&byte) => {
                self.value = Some(PartialValue::beginning_with(byte));
            }
            _ => return Err(QueryError::NotUnderstood),
        }
        Ok(())
    }

    fn open(&mut self, inside: OpenContainer, expected: ExpectedToken) {
        (self.inside, self.expected) = (inside, expected);
    }

    fn close(&mut self) {
        (self.inside, self.expected) = match self.inside {
            OpenContainer::Result => (OpenContainer::Data, ExpectedToken::Comma),
            OpenContainer::Data => (OpenContainer::Answer, ExpectedToken::Comma),
            OpenContainer::Answer | OpenContainer::Nothing => {
                (OpenContainer::Nothing, ExpectedToken::Nothing)
            }
        };
    }

    fn hold(&mut self, bytes: &[u8]) -> Result<(), QueryError> {
        if self.held.len() + bytes.len() > LARGEST {
            return Err(QueryError::TooLarge);
        }
        self.held.extend_from_slice(bytes);
        Ok(())
    }

    /// Passes a value that ends with the bytes `last`.
    fn take_value(
        &mut self,
        last: &[u8],
        take: &mut impl FnMut(AnswerPart<'_>) -> Result<(), QueryError>,
    ) -> Result<(), QueryError> {
        if self.held.is_empty() {
            return self.take_whole(last, take);
        }
        self.hold(last)?;
        let held = std::mem::take(&mut self.held);
        self.take_whole(&held, take)?;
        self.held = held;
        self.held.clear();
        Ok(())
    }

    fn take_whole(
        &mut self,
        value: &[u8],
        take: &mut impl FnMut(AnswerPart<'_>) -> Result<(), QueryError>,
    ) -> Result<(), QueryError> {
        if matches!(self.expected, ExpectedToken::FirstKey | ExpectedToken::Key) {
            self.member = AnswerMember::named(self.inside, value);
            self.expected = ExpectedToken::Colon;
            return Ok(());
        }
        self.expected = ExpectedToken::Comma;
        if self.inside == OpenContainer::Result {
            return take(AnswerPart::Series(value));
        }
        match self.member {
            AnswerMember::Status => take(AnswerPart::Status(value)),
            AnswerMember::ErrorType => take(AnswerPart::ErrorType(value)),
            AnswerMember::Warnings => take(AnswerPart::Warnings(value)),
            AnswerMember::ResultType => take(AnswerPart::ResultType(value)),
            AnswerMember::Data | AnswerMember::Result | AnswerMember::Other => Ok(()),
        }
    }
}

impl AnswerMember {
    fn named(inside: OpenContainer, key: &[u8]) -> Self {
        match (inside, key) {
            (OpenContainer::Answer, br#""status""#) => Self::Status,
            (OpenContainer::Answer, br#""errorType""#) => Self::ErrorType,
            (OpenContainer::Answer, br#""warnings""# | br#""infos""#) => Self::Warnings,
            (OpenContainer::Answer, br#""data""#) => Self::Data,
            (OpenContainer::Data, br#""resultType""#) => Self::ResultType,
            (OpenContainer::Data, br#""result""#) => Self::Result,
            _ => Self::Other,
        }
    }
}

impl PartialValue {
    /// The value that begins with this byte.
    fn beginning_with(byte: u8) -> Self {
        if b"\"{[".contains(&byte) { Self::Enclosed(EnclosedScan::default()) } else { Self::Bare }
    }

    /// The end of the value in the next bytes; `None` if it goes on after them.
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::Enclosed(enclosed) => enclosed.end(bytes),
            Self::Bare => bytes.iter().position(|byte| b",]} \n\r\t".contains(byte)),
        }
    }
}

impl EnclosedScan {
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        loop {
            at += if self.in_text {
                self.end_of_text(&bytes[at..])?
            } else {
                bytes[at..].iter().position(|byte| b"\"{}[]".contains(byte)).map(|place| place + 1)?
            };
            match bytes[at - 1] {
                b'"' => self.in_text = !self.in_text,
                b'{' | b'[' => self.depth += 1,
                _ => self.depth = self.depth.checked_sub(1)?,
            }
            if self.depth == 0 && !self.in_text {
                return Some(at);
            }
        }
    }

    /// The position after the quote that ends the text.
    fn end_of_text(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        if self.escaped && !bytes.is_empty() {
            (self.escaped, at) = (false, 1);
        }
        loop {
            let place = at + memchr2(b'"', b'\\', &bytes[at..])?;
            if bytes[place] == b'"' {
                return Some(place + 1);
            }
            at = place + 2;
            if at > bytes.len() {
                self.escaped = true;
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests;
