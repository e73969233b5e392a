//! Parses a template into nodes.

use std::vec;

use super::{
    BranchCondition, JsonSubject, TemplateError, TemplateField, TemplateNode, TemplateOperand,
    pieces::{ActionToken, TemplatePiece, pieces},
};

/// The longest template, in bytes.
const LONGEST: usize = 64 * 1024;

/// How deeply blocks may be nested.
const DEEPEST: usize = 16;

const UNKNOWN: &str = "only fields, texts, json, if, else, range .Reports, end, eq and ne are understood";
const NO_FIELD: &str = "there is no such field here: there are .Status, .Application with .Namespace, .Kind and .Name, \
                        .Reports and .URL, and in a range .Name, .Check and .Message";
const NO_TEXT: &str = "only json can print more than one value";
const NOTHING_OPEN: &str = "there is nothing open here";

/// Parses a template.
pub(super) fn parse(template: &str) -> Result<Vec<TemplateNode>, TemplateError> {
    if template.len() > LONGEST {
        return Err(TemplateError { line: 1, why: "it is longer than 64 KiB" });
    }
    let mut parser = TemplateParser { pieces: pieces(template)?.into_iter(), line: 1 };
    match parser.block(BlockScope { depth: 0, in_range: false })? {
        (nodes, BlockEnd::OfTemplate) => Ok(nodes),
        (_, BlockEnd::OfBlock | BlockEnd::Else(_)) => Err(parser.error(NOTHING_OPEN)),
    }
}

/// The position in the nesting of blocks.
#[derive(Debug, Clone, Copy)]
struct BlockScope {
    depth: usize,
    in_range: bool,
}

/// What ended a block.
enum BlockEnd {
    OfTemplate,
    OfBlock,
    /// An `else`, with the words after it.
    Else(Vec<ActionToken>),
}

/// What a word with a dot refers to.
enum DottedWord {
    Everything,
    Report,
    Reports,
    Field(TemplateField),
}

struct TemplateParser {
    pieces: vec::IntoIter<(usize, TemplatePiece)>,
    /// The line of the latest piece.
    line: usize,
}

impl TemplateParser {
    const fn error(&self, why: &'static str) -> TemplateError {
        TemplateError { line: self.line, why }
    }

    /// Parses the nodes up to the end of a block. Returns them with what ended it.
    fn block(&mut self, scope: BlockScope) -> Result<(Vec<TemplateNode>, BlockEnd), TemplateError> {
        if scope.depth > DEEPEST {
            return Err(self.error("there are too many blocks in one another"));
        }
        let mut nodes = Vec::new();
        while let Some((line, piece)) = self.pieces.next() {
            self.line = line;
            let tokens = match piece {
                TemplatePiece::Text(text) => {
                    nodes.push(TemplateNode::Text(text));
                    continue;
                }
                TemplatePiece::Action(tokens) => tokens,
            };
            match (keyword(&tokens), tokens.get(1..).unwrap_or_default()) {
                ("end", []) => return Ok((nodes, BlockEnd::OfBlock)),
                ("else", rest) => return Ok((nodes, BlockEnd::Else(rest.to_vec()))),
                ("if", condition) => nodes.push(self.branches(condition, scope)?),
                ("range", list) => nodes.push(self.range(list, scope)?),
                _ => nodes.push(output(&tokens, scope).map_err(|why| self.error(why))?),
            }
        }
        Ok((nodes, BlockEnd::OfTemplate))
    }

    /// Parses the branches of an `if` up to its end.
    fn branches(&mut self, first: &[ActionToken], scope: BlockScope) -> Result<TemplateNode, TemplateError> {
        let inside = BlockScope { depth: scope.depth + 1, ..scope };
        let mut branches = Vec::new();
        let mut next = Some(condition(first, scope).map_err(|why| self.error(why))?);
        loop {
            let is_last = next.is_none();
            let (nodes, end) = self.block(inside)?;
            branches.push((next, nodes));
            next = match end {
                BlockEnd::OfBlock => return Ok(TemplateNode::If(branches)),
                BlockEnd::OfTemplate => return Err(self.error("an if has no end")),
                BlockEnd::Else(_) if is_last => return Err(self.error("there is a second else")),
                BlockEnd::Else(tokens) => match (keyword(&tokens), tokens.get(1..).unwrap_or_default()) {
                    (_, _) if tokens.is_empty() => None,
                    ("if", rest) => Some(condition(rest, scope).map_err(|why| self.error(why))?),
                    _ => return Err(self.error(UNKNOWN)),
                },
            };
        }
    }

    /// Parses the nodes of a `range` up to its end.
    fn range(&mut self, list: &[ActionToken], scope: BlockScope) -> Result<TemplateNode, TemplateError> {
        let is_of_reports =
            matches!(list, [token] if matches!(named(token, scope), Some(DottedWord::Reports)));
        if !is_of_reports || scope.in_range {
            return Err(self.error("only range .Reports is understood, and not within another range"));
        }
        match self.block(BlockScope { depth: scope.depth + 1, in_range: true })? {
            (nodes, BlockEnd::OfBlock) => Ok(TemplateNode::Range(nodes)),
            (_, BlockEnd::Else(_)) => Err(self.error("a range can have no else here")),
            (_, BlockEnd::OfTemplate) => Err(self.error("a range has no end")),
        }
    }
}

/// The first word; empty if there is none.
fn keyword(tokens: &[ActionToken]) -> &str {
    match tokens.first() {
        Some(ActionToken::Word(word)) => word,
        _ => "",
    }
}

/// Parses an action that prints: `.Status`, `json .` or `. | json`.
fn output(tokens: &[ActionToken], scope: BlockScope) -> Result<TemplateNode, &'static str> {
    let word =
        |token: &ActionToken, expected: &str| matches!(token, ActionToken::Word(word) if word == expected);
    match tokens {
        [json, of] if word(json, "json") => Ok(TemplateNode::Json(subject(of, scope)?)),
        [of, pipe, json] if word(pipe, "|") && word(json, "json") => {
            Ok(TemplateNode::Json(subject(of, scope)?))
        }
        [token] => Ok(TemplateNode::Print(operand(token, scope)?)),
        _ => Err(UNKNOWN),
    }
}

fn condition(tokens: &[ActionToken], scope: BlockScope) -> Result<BranchCondition, &'static str> {
    match (keyword(tokens), tokens) {
        ("eq", [_, text, others @ ..]) if !others.is_empty() => one_of(text, others, true, scope),
        ("ne", [_, text, other]) => one_of(text, std::slice::from_ref(other), false, scope),
        (_, [token]) => match named(token, scope) {
            Some(DottedWord::Reports) => Ok(BranchCondition::Reports),
            _ => Ok(BranchCondition::Text(operand(token, scope)?)),
        },
        _ => Err(UNKNOWN),
    }
}

fn one_of(
    text: &ActionToken,
    others: &[ActionToken],
    expected: bool,
    scope: BlockScope,
) -> Result<BranchCondition, &'static str> {
    let others: Result<_, _> = others.iter().map(|other| operand(other, scope)).collect();
    Ok(BranchCondition::OneOf(operand(text, scope)?, others?, expected))
}

fn operand(token: &ActionToken, scope: BlockScope) -> Result<TemplateOperand, &'static str> {
    match (token, named(token, scope)) {
        (ActionToken::Text(text), _) => Ok(TemplateOperand::Literal(text.clone())),
        (_, Some(DottedWord::Field(field))) => Ok(TemplateOperand::Field(field)),
        (_, Some(DottedWord::Everything | DottedWord::Report | DottedWord::Reports)) => Err(NO_TEXT),
        (ActionToken::Word(word), None) if word.starts_with(['.', '$']) => Err(NO_FIELD),
        _ => Err(UNKNOWN),
    }
}

fn subject(token: &ActionToken, scope: BlockScope) -> Result<JsonSubject, &'static str> {
    Ok(match named(token, scope) {
        Some(DottedWord::Everything) => JsonSubject::Everything,
        Some(DottedWord::Report) => JsonSubject::Report,
        Some(DottedWord::Reports) => JsonSubject::Reports,
        _ => JsonSubject::Text(operand(token, scope)?),
    })
}

/// What a word refers to: within a range `.` is the report, and `$` is always everything.
fn named(token: &ActionToken, scope: BlockScope) -> Option<DottedWord> {
    let ActionToken::Word(word) = token else { return None };
    let of_everything = match word.strip_prefix('$') {
        Some("") => return Some(DottedWord::Everything),
        Some(path) => path,
        None if scope.in_range => return of_report(word),
        None => word,
    };
    Some(match of_everything {
        "." if !word.starts_with('$') => DottedWord::Everything,
        ".Reports" => DottedWord::Reports,
        ".Status" => DottedWord::Field(TemplateField::Status),
        ".Application" => DottedWord::Field(TemplateField::Application),
        ".Application.Namespace" => DottedWord::Field(TemplateField::Namespace),
        ".Application.Kind" => DottedWord::Field(TemplateField::Kind),
        ".Application.Name" => DottedWord::Field(TemplateField::Name),
        ".URL" => DottedWord::Field(TemplateField::Url),
        _ => return None,
    })
}

fn of_report(word: &str) -> Option<DottedWord> {
    Some(match word {
        "." => DottedWord::Report,
        ".Name" => DottedWord::Field(TemplateField::ReportName),
        ".Check" => DottedWord::Field(TemplateField::ReportCheck),
        ".Message" => DottedWord::Field(TemplateField::ReportMessage),
        _ => return None,
    })
}
