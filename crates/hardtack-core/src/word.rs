//! Tables that give each value of a closed list its stable word, which is stored and reported.

/// The word of `value`, which the table has.
pub(crate) fn word_of<T: PartialEq>(table: &[(T, &'static str)], value: &T) -> &'static str {
    table
        .iter()
        .find(|(of, _)| of == value)
        .map_or("", |(_, word)| word)
}

/// The value that has this word.
pub(crate) fn find_word<T: Copy>(table: &[(T, &'static str)], word: &str) -> Option<T> {
    table
        .iter()
        .find(|(_, known)| *known == word)
        .map(|(value, _)| *value)
}
