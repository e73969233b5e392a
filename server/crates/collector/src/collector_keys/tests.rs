//! Tests the keys of a collector and their file.

use std::{fs, os::unix::fs::PermissionsExt};

use proptest::prelude::*;
use ring::signature::{ED25519, UnparsedPublicKey};

use super::*;

fn keys(seed: u8) -> CollectorKeys {
    let key = |n: u8| [seed.wrapping_add(n); KEY_BYTES];
    CollectorKeys::new(key(1), key(2), key(3), key(4), Vec::new())
}

fn verifies(public_key: &str, text: &str, signature: &str) -> bool {
    let [public_key, signature] = [public_key, signature].map(|digits| hex::decode(digits).unwrap());
    UnparsedPublicKey::new(&ED25519, public_key).verify(text.as_bytes(), &signature).is_ok()
}

#[test]
fn keys_are_made_once_and_only_their_owner_can_read_them() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(KEYS_FILE);
    assert!(matches!(CollectorKeys::load(&file), Err(KeysError::Missing)));
    let made = CollectorKeys::random();
    made.create(&file).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(CollectorKeys::load(&file).unwrap().fingerprint(), made.fingerprint());
    assert!(matches!(CollectorKeys::random().create(&file), Err(KeysError::Exists)));
    assert_eq!(key_file::format(&CollectorKeys::load(&file).unwrap()), key_file::format(&made));
    assert!(!format!("{made:?}").contains(&hex::encode(made.tokens)));
}

#[test]
fn a_file_that_others_can_read_is_made_its_owners() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("shared-keys");
    keys(1).create(&file).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    CollectorKeys::load(&file).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn only_the_four_keys_are_a_key_file_and_a_refusal_quotes_none_of_them() {
    let good = key_file::format(&keys(1));
    let secret = hex::encode(keys(1).tokens);
    let without = |name: &str| -> String {
        good.lines().filter(|line| !line.starts_with(name)).map(|line| format!("{line}\n")).collect()
    };
    for (text, why) in [
        (String::new(), InvalidKeyFile::OtherLines),
        ("keys".to_owned(), InvalidKeyFile::OtherLines),
        (without("noise"), InvalidKeyFile::OtherLines),
        (format!("{good}more = 1\n"), InvalidKeyFile::OtherLines),
        (format!("{good}{good}"), InvalidKeyFile::OtherLines),
        (good.replace(&secret, "00"), InvalidKeyFile::NotAKey("tokens")),
        (good.replace(&secret, &format!("{secret}00")), InvalidKeyFile::NotAKey("tokens")),
        (good.replace(&secret, &"g".repeat(64)), InvalidKeyFile::NotAKey("tokens")),
        (format!("{good}earlier-signatures = [\"1\"]\n"), InvalidKeyFile::NotAKey("earlier-signatures")),
    ] {
        let refused = key_file::parse(&text).map(|keys| keys.fingerprint()).unwrap_err();
        assert_eq!(refused, why, "{text}");
        assert!(!refused.to_string().contains(&secret), "{refused}");
    }
}

#[test]
fn each_key_changes_what_it_is_for_and_the_fingerprint() {
    let uuid = uuid::uuid!("4423595b-9d97-4e01-a19f-8e3d60c83b2a");
    let (one, other) = (keys(1), keys(9));
    assert_eq!(one.installation(uuid), keys(1).installation(uuid));
    assert_ne!(one.installation(uuid), other.installation(uuid));
    assert_ne!(one.installation(uuid), one.installation(Uuid::nil()));
    assert_ne!(one.commitment(b"a"), other.commitment(b"a"));
    assert_ne!(one.admin_token(), other.admin_token());
    assert_eq!(one.admin_token().len(), 64);
    let of = |n: [u8; 4]| {
        let [a, b, c, d] = n.map(|n| [n; KEY_BYTES]);
        CollectorKeys::new(a, b, c, d, Vec::new()).fingerprint()
    };
    assert_eq!(of([1, 2, 3, 4]).len(), 16);
    for other in [[0, 2, 3, 4], [1, 0, 3, 4], [1, 2, 0, 4], [1, 2, 3, 0]] {
        assert_ne!(of([1, 2, 3, 4]), of(other), "{other:?}");
    }
}

#[test]
fn after_a_rotation_new_signatures_have_another_key_and_old_ones_can_still_be_verified() {
    let old = keys(1);
    let (old_key, old_signature) = old.sign("a receipt");
    let new = key_file::parse(&key_file::format(&old.with_new_signatures())).unwrap();
    let newest = new.with_new_signatures();
    let (new_key, new_signature) = new.sign("a receipt");
    assert_ne!(old_key, new_key);
    assert!(verifies(&old_key, "a receipt", &old_signature));
    assert!(verifies(&new_key, "a receipt", &new_signature));
    assert!(!verifies(&new_key, "a receipt", &old_signature));
    assert!(!verifies(&old_key, "another receipt", &old_signature));
    let published = newest.public_keys();
    let earlier: Vec<&str> = published.earlier.iter().map(|key| key.key.as_str()).collect();
    assert_eq!(earlier, [old_key.as_str(), new_key.as_str()]);
    assert_eq!(published.current.key, newest.sign("").0);
    for rotated in [&new, &newest] {
        assert_eq!(rotated.fingerprint(), old.fingerprint());
        assert_eq!(rotated.admin_token(), old.admin_token());
        assert_eq!(rotated.installation(Uuid::nil()), old.installation(Uuid::nil()));
    }
}

proptest! {
    #[test]
    fn a_file_is_read_as_it_was_written(
        keys: [RawKey; 4], earlier in proptest::collection::vec(any::<RawKey>(), 0..3),
    ) {
        let [a, b, c, d] = keys;
        let text = key_file::format(&CollectorKeys::new(a, b, c, d, earlier));
        prop_assert_eq!(key_file::format(&key_file::parse(&text).unwrap()), text);
    }

    #[test]
    fn any_text_is_read_without_a_panic(text: String) {
        key_file::parse(&text).ok();
    }

    #[test]
    fn only_equal_hashes_are_the_same(one: Vec<u8>, other: Vec<u8>) {
        prop_assert_eq!(is_same_hash(&one, &other), one == other);
        prop_assert!(is_same_hash(&one, &one));
    }
}
