# Texts of the hosted pages. Every message here exists, with the same arguments, in every language.
