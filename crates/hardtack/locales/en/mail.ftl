# Texts of the mails. Every message here exists, with the same arguments, in every language.
mail-greeting = Hello { $name },
