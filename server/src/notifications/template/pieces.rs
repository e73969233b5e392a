//! Splits a template into texts and actions.

use super::TemplateError;

/// A text or an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TemplatePiece {
    /// Text that is printed as it is.
    Text(String),
    /// What is between `{{` and `}}`.
    Action(Vec<ActionToken>),
}

/// A word of an action, or a quoted text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ActionToken {
    /// A word; `|` is a word as well.
    Word(String),
    /// A text, without its quotes.
    Text(String),
}

/// The pieces of a template in order, with their lines. Comments are removed, and so is the white space next
/// to `{{-` and `-}}`.
pub(super) fn pieces(template: &str) -> Result<Vec<(usize, TemplatePiece)>, TemplateError> {
    let (mut pieces, mut rest, mut line, mut trims) = (Vec::new(), template, 1, false);
    while let Some((text, after)) = rest.split_once("{{") {
        let (trims_before, after) = match after.strip_prefix('-') {
            Some(inner) if inner.starts_with(char::is_whitespace) => (true, inner),
            _ => (false, after),
        };
        let kept = if trims { text.trim_start() } else { text };
        pieces
            .push((line, TemplatePiece::Text(if trims_before { kept.trim_end() } else { kept }.to_owned())));
        line += line_ends(text);

        let error = |why| TemplateError { line, why };
        let (action, after) = action(after).ok_or(error("an action has no end"))?;
        (trims, rest) = (ends_in_trim(action), after);
        let content = if trims { action.strip_suffix('-').unwrap_or(action) } else { action };
        if !is_comment(content) {
            pieces.push((line, TemplatePiece::Action(tokens(content).map_err(error)?)));
        }
        line += line_ends(action);
    }
    pieces.push((line, TemplatePiece::Text(if trims { rest.trim_start() } else { rest }.to_owned())));
    pieces.retain(|(_, piece)| !matches!(piece, TemplatePiece::Text(text) if text.is_empty()));
    Ok(pieces)
}

fn line_ends(text: &str) -> usize {
    text.matches('\n').count()
}

fn ends_in_trim(action: &str) -> bool {
    action.strip_suffix('-').is_some_and(|before| before.ends_with(char::is_whitespace))
}

fn is_comment(action: &str) -> bool {
    action.trim().strip_prefix("/*").is_some_and(|comment| comment.ends_with("*/"))
}

/// Splits after an action: the text up to a `}}` that is not in quotes or a comment, and the rest.
fn action(text: &str) -> Option<(&str, &str)> {
    if text.trim_start().starts_with("/*") {
        let end = text.find("*/")? + 2;
        let (_, rest) = text.split_at_checked(end)?;
        let (space, _) = rest.split_once("}}")?;
        let (action, rest) = text.split_at_checked(end + space.len())?;
        return matches!(space.trim(), "" | "-").then_some((action, rest.strip_prefix("}}")?));
    }
    let (mut quote, mut escaped) = (None, false);
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (None, '"' | '`') => quote = Some(character),
            (None, '}') => {
                let (action, rest) = text.split_at_checked(at)?;
                if let Some(rest) = rest.strip_prefix("}}") {
                    return Some((action, rest));
                }
            }
            (Some(open), _) if character == open && !escaped => quote = None,
            _ => {}
        }
        escaped = quote == Some('"') && character == '\\' && !escaped;
    }
    None
}

/// The words and quoted texts of an action.
fn tokens(action: &str) -> Result<Vec<ActionToken>, &'static str> {
    let (mut tokens, mut rest) = (Vec::new(), action.trim_start());
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            '`' => raw_text(rest),
            '"' => quoted_text(rest),
            '|' => rest.strip_prefix('|').map(|after| (ActionToken::Word("|".to_owned()), after)),
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || "|\"`".contains(c)).unwrap_or(rest.len());
                rest.split_at_checked(end).map(|(word, after)| (ActionToken::Word(word.to_owned()), after))
            }
        }
        .ok_or("a text in quotes is not understood")?;
        tokens.push(token);
        rest = after.trim_start();
    }
    Ok(tokens)
}

fn raw_text(rest: &str) -> Option<(ActionToken, &str)> {
    let (text, after) = rest.strip_prefix('`')?.split_once('`')?;
    Some((ActionToken::Text(text.to_owned()), after))
}

/// A quoted text with the escapes that Go and JSON share, and the rest.
fn quoted_text(rest: &str) -> Option<(ActionToken, &str)> {
    let mut texts = serde_json::Deserializer::from_str(rest).into_iter::<String>();
    let text = texts.next()?.ok()?;
    let (_, after) = rest.split_at_checked(texts.byte_offset())?;
    Some((ActionToken::Text(text), after))
}
