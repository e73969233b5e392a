//! Connection strings of both forms.

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Result<String, BadConnectionString> {
    let address = PostgresAddress::parse(text)?;
    let words = address.url.query_pairs().map(|(name, value)| format!("{name}={value}"));
    Ok(words.collect::<Vec<_>>().join(" | "))
}

#[test]
fn both_forms_are_read() {
    for (text, expected) in [
        ("postgres://u:p@db:5433/coroot", "dbname=coroot | host=db | password=p | port=5433 | user=u"),
        ("postgresql://db/coroot?sslmode=disable", "dbname=coroot | host=db | sslmode=disable"),
        ("postgres://u:p%40%2F%3A%23x%25@db/coroot", "dbname=coroot | host=db | password=p@/:#x% | user=u"),
        ("postgres://u:p@ss#word@db/coroot", "dbname=coroot | host=db | password=p@ss#word | user=u"),
        ("postgres://[::1]:5432/coroot", "dbname=coroot | host=::1 | port=5432"),
        (
            "postgres:///coroot?host=/run/postgresql&port=5433",
            "dbname=coroot | host=/run/postgresql | port=5433",
        ),
        ("postgres://u@%2Frun%2Fpostgresql/coroot", "dbname=coroot | host=/run/postgresql | user=u"),
        ("postgres://", ""),
        ("host=db user=u password=p dbname=coroot", "dbname=coroot | host=db | password=p | user=u"),
        ("host = db  password = 'a b'", "host=db | password=a b"),
        (r"password='a\'b\\c' user=a\ b", r"password=a'b\c | user=a b"),
        ("password='' user=u", "user=u"),
        ("password=a=b?c", "password=a=b?c"),
        ("host=/run/postgresql dbname=coroot", "dbname=coroot | host=/run/postgresql"),
        ("host=db hostaddr=10.0.0.1", "hostaddr=10.0.0.1"),
        ("host=a host=b", "host=b"),
        ("search_path=mine connect_timeout=5 keepalives=1", "options[search_path]=mine"),
        ("", ""),
    ] {
        assert_eq!(read(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_refused_with_its_reason() {
    for (text, expected) in [
        ("nonsense", BadConnectionString::Form),
        ("host db=x", BadConnectionString::Form),
        ("=x", BadConnectionString::Form),
        ("mysql://u:p@db/coroot", BadConnectionString::Form),
        ("postgres://db/coroot?sslmode", BadConnectionString::Form),
        ("password='a b", BadConnectionString::Quote),
        ("postgres://u:%ff@db/", BadConnectionString::Escape),
        ("host=db port=http", BadConnectionString::Port),
        ("postgres://db:99999/x", BadConnectionString::Port),
        ("host=db sslmode=sometimes", BadConnectionString::SslMode),
        ("host=db connect_timeout=soon", BadConnectionString::ConnectTimeout),
        ("host=a,b port=1,2", BadConnectionString::SeveralServers),
        ("postgres://a:1,b:2/x", BadConnectionString::SeveralServers),
    ] {
        assert_eq!(read(text), Err(expected), "{text}");
    }
}

#[test]
fn connecting_takes_half_a_minute_at_most() {
    for (text, seconds) in [
        ("host=db", 30),
        ("connect_timeout=5", 5),
        ("connect_timeout=0", 30),
        ("connect_timeout=-1", 30),
        ("connect_timeout=300", 30),
        ("postgres://db/x?connect_timeout=7", 7),
    ] {
        assert_eq!(
            PostgresAddress::parse(text).unwrap().connect_timeout,
            Duration::from_secs(seconds),
            "{text}"
        );
    }
}

proptest! {
    #[test]
    fn what_is_quoted_is_read_as_it_was(password in "\\PC{0,20}", user in "\\PC{1,20}") {
        let quoted = |text: &str| format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"));
        let words = words_of_text(&format!("password={} user={}", quoted(&password), quoted(&user))).unwrap();
        prop_assert_eq!(&words["password"], &password);
        prop_assert_eq!(&words["user"], &user);
    }

    #[test]
    fn what_is_percent_encoded_is_read_as_it_was(password in "\\PC{1,20}", database in "\\PC{1,20}") {
        let encoded = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let words = words_of_url(&format!("u:{}@db/{}", encoded(&password), encoded(&database))).unwrap();
        prop_assert_eq!(&words["password"], &password);
        prop_assert_eq!(&words["dbname"], &database);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,60}") {
        PostgresAddress::parse(&text).ok();
    }
}
