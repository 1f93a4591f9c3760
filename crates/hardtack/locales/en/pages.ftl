# Texts of the hosted pages. Every message here exists, with the same arguments, in every language.

# Every page.
title-error = Error:
skip = Skip to the content
language-label = Language
link-terms = Terms of use
link-privacy = Privacy
link-support = Help
optional = (optional)
cancel = Cancel
to-login = Back to log in
nav-label = Your account
nav-profile = Profile
nav-email = E-mail
nav-password = Password
nav-devices = Devices
nav-data = Data

# Fields, and what may be wrong with them.
field-login = User name or e-mail address
field-username = User name
field-email = E-mail address
field-new-email = New e-mail address
field-first-name = First name
field-last-name = Last name
field-password = Password
field-password-again = Your password
field-old-password = Present password
field-new-password = New password
hint-username = Letters, digits and @ . + - _
hint-password = At least { $least } characters. A few words that do not belong together are good.
hint-new-email = We send a link to it. Until you open it, everything stays as it is.
password-show = Show
password-hide = Hide
strength-0 = Guessed at once
strength-1 = Weak
strength-2 = Could be better
strength-3 = Good
strength-4 = Strong
error-required = Please fill in this field.
error-too-long = At most { $longest } characters.
error-unreadable = This cannot be used here.
error-username-form = Only letters, digits and @ . + - _ can be used.
error-username-taken = Somebody has this user name already.
error-email-form = This is not an e-mail address.
error-email-taken = Somebody is registered with this e-mail address already.
error-old-password = This is not your present password.
error-password-similar = This password is too similar to your name or address.
error-password-short = This password is too short: at least { $least } characters.
error-password-common = This password is among the first that everybody tries.
error-password-numeric = A password of digits alone is guessed too easily.
error-password-refused = Please choose another password.
error-password-breached = This password has been found in stolen data. Please choose another.

# Log in and log out.
login-title = Log in
login-button = Log in
login-remember = Keep me logged in on this device
login-forgot = Forgot your password?
login-no-account = No account yet?
login-register = Create one
login-refused = The name or the password is wrong. Please try again.
login-throttled = { $minutes ->
    [one] Too many tries. Please wait one minute.
   *[other] Too many tries. Please wait { $minutes } minutes.
}
login-unverified = Your e-mail address is not verified yet. Open the link that we sent you.
login-unverified-link = Send the link again
logout-title = Log out?
logout-text = You will be logged out on this device only.
logout-button = Log out

# Registration.
register-title = Create an account
register-button = Create the account
register-invited = Your e-mail address is the one that the invitation was sent to.
register-terms-before = By creating an account you agree to these:
register-have-account = Already have an account?
closed-title = No registration
closed-text = Accounts are not created here. Ask the people who run this service.
closed-invitation = You need an invitation: open the link in the mail that you were sent.
check-mail-title = Check your mail
check-mail-registered = We sent you a link. Open it to finish your registration.
check-mail-verify = If this address is registered and not verified yet, a link is on its way to it.
check-mail-reset = If there is an account with this address, a link is on its way to it.
check-mail-hint = The link is good for one hour. Nothing there? Look among the unwanted mails too.
check-mail-again = Send it again

# Links in mails.
forgot-title = Forgot your password?
forgot-text = Tell us your e-mail address, and we send you a link for a new password.
forgot-button = Send the link
resend-title = Verify your address
resend-text = We send you another link that shows that the address is yours.
resend-button = Send the link again
reset-title = Choose a new password
reset-text = Afterwards you are logged out everywhere, and log in with the new password.
reset-button = Save the new password
verify-title = Verify your address
verify-text = Press the button to show that this e-mail address is yours.
verify-button = Verify the address
confirm-email-title = Use the new address?
confirm-email-text = From now on your account has this e-mail address. A notice goes to the old one.
confirm-email-button = Use the new address
revert-email-title = Take the change back?
revert-email-text = Your account gets its former e-mail address back, every device is logged out, and we send you a link for a new password.
revert-email-button = Take it back
bad-link-title = This link does not work
bad-link-text = It was used already, is too old, or a newer one was sent. You can ask for another.
bad-link-link = Ask for another link
bad-invitation-title = This invitation does not work
bad-invitation-text = It was used already or is too old. Ask whoever invited you for another.
bad-invitation-link = To log in

# The account.
profile-title = Your profile
profile-button = Save
password-title = Change your password
password-text = Every other device of yours is logged out.
password-button = Change the password
email-title = Your e-mail address
email-present = Your address is
email-is-verified = verified
email-unverified = This address is not verified yet.
email-none = You have no e-mail address here yet.
email-button = Change the address
devices-title = Where you are logged in
devices-text = Log out what you do not know, and change your password then.
device-unknown = Unknown device
device-current = this device
device-seen = Last seen
device-since = Logged in
device-end = Log out
device-end-named = Log out { $device }
devices-end-others = Log out every other device
data-title = Your data
export-title = Take it with you
export-text = Everything that is kept about you here, as a file.
export-button = Download my data
delete-title = Delete your account
delete-intro = The account and everything that is kept about you goes for good.
delete-link = Delete the account …
delete-text = The account and everything that is kept about you goes for good. Nobody can bring it back.
delete-button = Delete the account for good

# What was done just now.
done-profile-saved = Saved.
done-password-changed = Your password was changed. Your other devices are logged out.
done-password-reset = Your password was changed. Log in with it.
done-session-ended = The device is logged out.
done-session-not-found = That device is logged out already.
done-other-sessions-ended = Every other device is logged out.
done-logged-out = You are logged out.
done-email-verified = Your e-mail address is verified.
done-email-change-sent = We sent a link to the new address. Open it to use the address.
done-email-changed = Your e-mail address was changed.
done-email-reverted = Your former e-mail address is back. Open the link that we sent there, and choose a new password.
done-verification-sent = A link is on its way to your address.
done-deleted = Your account is deleted.
done-registered = Welcome! Your account is there.

# There is no page.
fault-link = To your account
fault-not-found-title = Nothing here
fault-not-found-text = The address is wrong, or the page is gone.
fault-not-allowed-title = Not this way
fault-not-allowed-text = The page cannot be used like this.
fault-forged-title = This did not come from here
fault-forged-text = For your safety, nothing was done. Open the page again and retry.
fault-unreadable-title = This could not be read
fault-unreadable-text = What was sent is broken or too large.
fault-throttled-title = Please wait
fault-throttled-text = { $minutes ->
    [one] Too many tries. Come back in one minute.
   *[other] Too many tries. Come back in { $minutes } minutes.
}
fault-unavailable-title = Not at the moment
fault-unavailable-text = We cannot do this right now. Nothing was changed; please try again in a moment.
fault-internal-title = Something is broken
fault-internal-text = It is our fault. Please try again later.
