//! Reads types from JSON as the documents describe them.
//!
//! What serde derives for a type with named fields reads it from an array as well, in the order of the fields.
//! No document describes that form, and `[]` would be a type whose fields all have their defaults.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, EnumAccess, Error, MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor},
};

/// A value that is read strictly, or the seed of one: it is refused where it or a part of it has named fields
/// and comes as an array, and where a text has the character U+0000, which PostgreSQL cannot store.
///
/// Types that serde buffers, which are untagged, internally tagged or flattened, are not covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StrictJson<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for StrictJson<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        StrictJson(PhantomData::<T>).deserialize(from).map(Self)
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for StrictJson<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(StrictPart(from))
    }
}

/// A deserializer, visitor or access of serde that reads strictly, and passes this on to what it contains.
struct StrictPart<T>(T);

/// Methods of a deserializer that only pass on.
macro_rules! passed_on {
    ($($method:ident($($argument:ident: $type:ty),*);)*) => {
        $(fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            self.0.$method($($argument,)* StrictPart(visitor))
        })*
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for StrictPart<D> {
    type Error = D::Error;

    passed_on! {
        deserialize_any();
        deserialize_bool();
        deserialize_i8();
        deserialize_i16();
        deserialize_i32();
        deserialize_i64();
        deserialize_i128();
        deserialize_u8();
        deserialize_u16();
        deserialize_u32();
        deserialize_u64();
        deserialize_u128();
        deserialize_f32();
        deserialize_f64();
        deserialize_char();
        deserialize_str();
        deserialize_string();
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_option();
        deserialize_unit();
        deserialize_unit_struct(name: &'static str);
        deserialize_newtype_struct(name: &'static str);
        deserialize_seq();
        deserialize_tuple(len: usize);
        deserialize_tuple_struct(name: &'static str, len: usize);
        deserialize_map();
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        deserialize_identifier();
        deserialize_ignored_any();
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(StrictPart(visitor))
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

/// Methods of a visitor that only pass on.
macro_rules! visited {
    ($($method:ident($type:ty);)*) => {
        $(fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.0.$method(value)
        })*
    };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for StrictPart<V> {
    type Value = V::Value;

    visited! {
        visit_bool(bool);
        visit_i8(i8);
        visit_i16(i16);
        visit_i32(i32);
        visit_i64(i64);
        visit_i128(i128);
        visit_u8(u8);
        visit_u16(u16);
        visit_u32(u32);
        visit_u64(u64);
        visit_u128(u128);
        visit_f32(f32);
        visit_f64(f64);
        visit_char(char);
        visit_bytes(&[u8]);
        visit_borrowed_bytes(&'de [u8]);
        visit_byte_buf(Vec<u8>);
    }

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(formatter)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<V::Value, E> {
        check_characters(text)?;
        self.0.visit_str(text)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<V::Value, E> {
        check_characters(text)?;
        self.0.visit_borrowed_str(text)
    }

    fn visit_string<E: Error>(self, text: String) -> Result<V::Value, E> {
        check_characters(&text)?;
        self.0.visit_string(text)
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<V::Value, D::Error> {
        self.0.visit_some(StrictPart(from))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, from: D) -> Result<V::Value, D::Error> {
        self.0.visit_newtype_struct(StrictPart(from))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(StrictPart(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(StrictPart(members))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, variant: A) -> Result<V::Value, A::Error> {
        self.0.visit_enum(StrictPart(variant))
    }
}

fn check_characters<E: Error>(text: &str) -> Result<(), E> {
    if text.contains('\0') {
        let found = Unexpected::Other("a text with the control character U+0000");
        return Err(E::invalid_value(found, &"a text without the control character U+0000"));
    }
    Ok(())
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for StrictPart<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(StrictPart(from))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for StrictPart<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(StrictPart(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for StrictPart<A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_key_seed(StrictPart(seed))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(StrictPart(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for StrictPart<A> {
    type Error = A::Error;
    type Variant = StrictPart<A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), A::Error> {
        let (value, variant) = self.0.variant_seed(StrictPart(seed))?;
        Ok((value, StrictPart(variant)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for StrictPart<A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.0.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.0.newtype_variant_seed(StrictPart(seed))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.0.tuple_variant(len, StrictPart(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.newtype_variant_seed(VariantFields(visitor))
    }
}

/// Reads the named fields of a variant.
struct VariantFields<V>(V);

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for VariantFields<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<V::Value, D::Error> {
        from.deserialize_map(StrictPart(self.0))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Inner {
        number: u8,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Wrapped(Inner);

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Choice {
        Unit,
        Newtype(Inner),
        Tuple(u8, Inner),
        Struct { number: u8 },
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Outer {
        inner: Option<Inner>,
        list: Vec<Inner>,
        map: BTreeMap<String, Inner>,
        wrapped: Option<Wrapped>,
        choice: Option<Choice>,
        pair: Option<(u8, Inner)>,
        any: Value,
        text: String,
    }

    fn read(json: &str) -> Result<Outer, String> {
        serde_json::from_str(json).map(|StrictJson(outer)| outer).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_described_is_read_as_without_this_module() {
        for json in [
            "{}",
            r#"{"inner":{"number":1},"list":[{"number":2}],"map":{"k":{"number":3}},"wrapped":{"number":4}}"#,
            r#"{"choice":"unit"}"#,
            r#"{"choice":{"newtype":{"number":1}}}"#,
            r#"{"choice":{"tuple":[1,{"number":2}]}}"#,
            r#"{"choice":{"struct":{"number":1}}}"#,
            r#"{"pair":[1,{"number":2}],"any":[{"a":[1,-1,0.5,true,null,"\n"]}],"text":"ü \"quoted\""}"#,
            r#"{"unknown":[["\u0000"]],"inner":null}"#,
        ] {
            assert_eq!(read(json), Ok(serde_json::from_str(json).unwrap()), "{json}");
        }
    }

    #[test]
    fn an_array_is_no_object_at_any_depth() {
        for json in [
            "[]",
            r#"[{"number":1}]"#,
            r#"{"inner":[1]}"#,
            r#"{"list":[{"number":2},[1]]}"#,
            r#"{"map":{"k":[1]}}"#,
            r#"{"wrapped":[1]}"#,
            r#"{"choice":{"newtype":[1]}}"#,
            r#"{"choice":{"tuple":[1,[1]]}}"#,
            r#"{"choice":{"struct":[1]}}"#,
            r#"{"pair":[1,[1]]}"#,
        ] {
            let refusal = read(json).unwrap_err();
            assert!(refusal.starts_with("invalid type: sequence, expected struct "), "{json}: {refusal}");
            assert!(serde_json::from_str::<Outer>(json).is_ok(), "{json} is read without this module");
        }
    }

    #[test]
    fn no_text_has_the_character_zero() {
        for json in [
            r#"{"text":"a\u0000b"}"#,
            r#"{"any":["\u0000"]}"#,
            r#"{"any":{"\u0000":1}}"#,
            r#"{"map":{"\u0000":{"number":1}}}"#,
        ] {
            let refusal = read(json).unwrap_err();
            assert!(
                refusal.contains("expected a text without the control character U+0000"),
                "{json}: {refusal}"
            );
        }
    }

    #[test]
    fn a_value_is_read_as_strictly_as_a_text() {
        let read = |json: Value| StrictJson::<Outer>::deserialize(json).is_ok();
        assert!(read(serde_json::json!({"inner": {"number": 1}})));
        assert!(!read(serde_json::json!({"inner": [1]})));
    }
}
