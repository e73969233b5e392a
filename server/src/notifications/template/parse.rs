//! Parses a template into nodes.

use std::vec;

use super::{
    Condition, Field, Node, Operand, Subject, TemplateError,
    pieces::{Piece, Token, pieces},
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
pub(super) fn parse(template: &str) -> Result<Vec<Node>, TemplateError> {
    if template.len() > LONGEST {
        return Err(TemplateError { line: 1, why: "it is longer than 64 KiB" });
    }
    let mut parser = Parser { pieces: pieces(template)?.into_iter(), line: 1 };
    match parser.block(Scope { depth: 0, in_range: false })? {
        (nodes, End::OfTemplate) => Ok(nodes),
        (_, End::OfBlock | End::Else(_)) => Err(parser.error(NOTHING_OPEN)),
    }
}

/// The position in the nesting of blocks.
#[derive(Debug, Clone, Copy)]
struct Scope {
    depth: usize,
    in_range: bool,
}

/// What ended a block.
enum End {
    OfTemplate,
    OfBlock,
    /// An `else`, with the words after it.
    Else(Vec<Token>),
}

/// What a word with a dot refers to.
enum Named {
    Everything,
    Report,
    Reports,
    Field(Field),
}

struct Parser {
    pieces: vec::IntoIter<(usize, Piece)>,
    /// The line of the latest piece.
    line: usize,
}

impl Parser {
    const fn error(&self, why: &'static str) -> TemplateError {
        TemplateError { line: self.line, why }
    }

    /// Parses the nodes up to the end of a block. Returns them with what ended it.
    fn block(&mut self, scope: Scope) -> Result<(Vec<Node>, End), TemplateError> {
        if scope.depth > DEEPEST {
            return Err(self.error("there are too many blocks in one another"));
        }
        let mut nodes = Vec::new();
        while let Some((line, piece)) = self.pieces.next() {
            self.line = line;
            let tokens = match piece {
                Piece::Text(text) => {
                    nodes.push(Node::Text(text));
                    continue;
                }
                Piece::Action(tokens) => tokens,
            };
            match (keyword(&tokens), tokens.get(1..).unwrap_or_default()) {
                ("end", []) => return Ok((nodes, End::OfBlock)),
                ("else", rest) => return Ok((nodes, End::Else(rest.to_vec()))),
                ("if", condition) => nodes.push(self.branches(condition, scope)?),
                ("range", list) => nodes.push(self.range(list, scope)?),
                _ => nodes.push(output(&tokens, scope).map_err(|why| self.error(why))?),
            }
        }
        Ok((nodes, End::OfTemplate))
    }

    /// Parses the branches of an `if` up to its end.
    fn branches(&mut self, first: &[Token], scope: Scope) -> Result<Node, TemplateError> {
        let inside = Scope { depth: scope.depth + 1, ..scope };
        let mut branches = Vec::new();
        let mut next = Some(condition(first, scope).map_err(|why| self.error(why))?);
        loop {
            let is_last = next.is_none();
            let (nodes, end) = self.block(inside)?;
            branches.push((next, nodes));
            next = match end {
                End::OfBlock => return Ok(Node::If(branches)),
                End::OfTemplate => return Err(self.error("an if has no end")),
                End::Else(_) if is_last => return Err(self.error("there is a second else")),
                End::Else(tokens) => match (keyword(&tokens), tokens.get(1..).unwrap_or_default()) {
                    (_, _) if tokens.is_empty() => None,
                    ("if", rest) => Some(condition(rest, scope).map_err(|why| self.error(why))?),
                    _ => return Err(self.error(UNKNOWN)),
                },
            };
        }
    }

    /// Parses the nodes of a `range` up to its end.
    fn range(&mut self, list: &[Token], scope: Scope) -> Result<Node, TemplateError> {
        let is_of_reports = matches!(list, [token] if matches!(named(token, scope), Some(Named::Reports)));
        if !is_of_reports || scope.in_range {
            return Err(self.error("only range .Reports is understood, and not within another range"));
        }
        match self.block(Scope { depth: scope.depth + 1, in_range: true })? {
            (nodes, End::OfBlock) => Ok(Node::Range(nodes)),
            (_, End::Else(_)) => Err(self.error("a range can have no else here")),
            (_, End::OfTemplate) => Err(self.error("a range has no end")),
        }
    }
}

/// The first word; empty if there is none.
fn keyword(tokens: &[Token]) -> &str {
    match tokens.first() {
        Some(Token::Word(word)) => word,
        _ => "",
    }
}

/// Parses an action that prints: `.Status`, `json .` or `. | json`.
fn output(tokens: &[Token], scope: Scope) -> Result<Node, &'static str> {
    let word = |token: &Token, expected: &str| matches!(token, Token::Word(word) if word == expected);
    match tokens {
        [json, of] if word(json, "json") => Ok(Node::Json(subject(of, scope)?)),
        [of, pipe, json] if word(pipe, "|") && word(json, "json") => Ok(Node::Json(subject(of, scope)?)),
        [token] => Ok(Node::Print(operand(token, scope)?)),
        _ => Err(UNKNOWN),
    }
}

fn condition(tokens: &[Token], scope: Scope) -> Result<Condition, &'static str> {
    match (keyword(tokens), tokens) {
        ("eq", [_, text, others @ ..]) if !others.is_empty() => one_of(text, others, true, scope),
        ("ne", [_, text, other]) => one_of(text, std::slice::from_ref(other), false, scope),
        (_, [token]) => match named(token, scope) {
            Some(Named::Reports) => Ok(Condition::Reports),
            _ => Ok(Condition::Text(operand(token, scope)?)),
        },
        _ => Err(UNKNOWN),
    }
}

fn one_of(text: &Token, others: &[Token], expected: bool, scope: Scope) -> Result<Condition, &'static str> {
    let others: Result<_, _> = others.iter().map(|other| operand(other, scope)).collect();
    Ok(Condition::OneOf(operand(text, scope)?, others?, expected))
}

fn operand(token: &Token, scope: Scope) -> Result<Operand, &'static str> {
    match (token, named(token, scope)) {
        (Token::Text(text), _) => Ok(Operand::Literal(text.clone())),
        (_, Some(Named::Field(field))) => Ok(Operand::Field(field)),
        (_, Some(Named::Everything | Named::Report | Named::Reports)) => Err(NO_TEXT),
        (Token::Word(word), None) if word.starts_with(['.', '$']) => Err(NO_FIELD),
        _ => Err(UNKNOWN),
    }
}

fn subject(token: &Token, scope: Scope) -> Result<Subject, &'static str> {
    Ok(match named(token, scope) {
        Some(Named::Everything) => Subject::Everything,
        Some(Named::Report) => Subject::Report,
        Some(Named::Reports) => Subject::Reports,
        _ => Subject::Text(operand(token, scope)?),
    })
}

/// What a word refers to: within a range `.` is the report, and `$` is always everything.
fn named(token: &Token, scope: Scope) -> Option<Named> {
    let Token::Word(word) = token else { return None };
    let of_everything = match word.strip_prefix('$') {
        Some("") => return Some(Named::Everything),
        Some(path) => path,
        None if scope.in_range => return of_report(word),
        None => word,
    };
    Some(match of_everything {
        "." if !word.starts_with('$') => Named::Everything,
        ".Reports" => Named::Reports,
        ".Status" => Named::Field(Field::Status),
        ".Application" => Named::Field(Field::Application),
        ".Application.Namespace" => Named::Field(Field::Namespace),
        ".Application.Kind" => Named::Field(Field::Kind),
        ".Application.Name" => Named::Field(Field::Name),
        ".URL" => Named::Field(Field::Url),
        _ => return None,
    })
}

fn of_report(word: &str) -> Option<Named> {
    Some(match word {
        "." => Named::Report,
        ".Name" => Named::Field(Field::ReportName),
        ".Check" => Named::Field(Field::ReportCheck),
        ".Message" => Named::Field(Field::ReportMessage),
        _ => return None,
    })
}
