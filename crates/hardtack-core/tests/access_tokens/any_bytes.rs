//! Whatever arrives, the answer is a refusal: no panic, no token out of noise.

use std::sync::LazyLock;

use proptest::prelude::*;

use crate::forge::{ALGORITHMS, Forge, claims};

static FORGES: LazyLock<Vec<Forge>> =
    LazyLock::new(|| ALGORITHMS.map(Forge::new).into_iter().collect());

proptest! {
    #[test]
    fn arbitrary_text_is_refused(text in ".{0,300}") {
        for forge in FORGES.iter() {
            prop_assert!(forge.verify(&text).is_err());
        }
    }

    #[test]
    fn three_arbitrary_segments_are_refused(text in "[A-Za-z0-9_=-]{0,80}\\.[A-Za-z0-9_=-]{0,80}\\.[A-Za-z0-9_=-]{0,90}") {
        for forge in FORGES.iter() {
            prop_assert!(forge.verify(&text).is_err());
        }
    }

    /// One character changed anywhere.
    #[test]
    fn a_changed_token_is_refused(place in 0usize..600, replacement in any::<char>()) {
        for forge in FORGES.iter() {
            let token = forge.issue();
            let place = place % token.len();
            let mut changed = token.clone();
            changed.replace_range(place..=place, replacement.encode_utf8(&mut [0; 4]));
            prop_assert_eq!(forge.verify(&changed).is_ok(), changed == token);
        }
    }

    #[test]
    fn a_cut_token_is_refused(length in 0usize..600) {
        for forge in FORGES.iter() {
            let token = forge.issue();
            let length = length % token.len();
            prop_assert!(forge.verify(&token[..length]).is_err());
            prop_assert!(forge.verify(&token[length + 1..]).is_err());
        }
    }

    /// Signed noise: the key is right, the content is anything.
    #[test]
    fn signed_noise_does_not_panic(header in ".{0,60}", payload in ".{0,200}") {
        for forge in FORGES.iter() {
            prop_assert!(forge.verify(&forge.sign(&header, &claims().to_string())).is_err());
            prop_assert!(forge.verify(&forge.sign(&forge.header().to_string(), &payload)).is_err());
        }
    }
}
