# Texts of the mails. Every message here exists, with the same arguments, in every language.
# $service is what the service is called.

mail-greeting = Hello { $name },
mail-greeting-nobody = Hello,
mail-copy-link = If the button does not work, copy this address into your browser:
mail-link-hours = { $count ->
    [one] The link works once, within an hour.
   *[other] The link works once, within { $count } hours.
}
mail-link-days = { $count ->
    [one] The link works once, within a day.
   *[other] The link works once, within { $count } days.
}
mail-ignore = If it was not you, ignore this mail. Nothing happens without the link.
mail-footer = Sent automatically by { $service }. Nobody reads replies.

mail-verify-email-subject = Confirm your e-mail address
mail-verify-email-text = Please confirm that this address is yours, to finish your registration with { $service }.
mail-verify-email-action = Confirm the address

mail-reset-password-subject = Choose a new password
mail-reset-password-text = Somebody, hopefully you, asked for a new password for your account with { $service }.
mail-reset-password-action = Choose a new password
mail-reset-password-effect = The new password logs you out on every device.

mail-confirm-new-email-subject = Confirm your new e-mail address
mail-confirm-new-email-text = Please confirm that this address is yours. From then on it is the address of your account with { $service }.
mail-confirm-new-email-action = Confirm the new address

mail-email-changed-subject = Your e-mail address was changed
mail-email-changed-text = Your account with { $service } now has another e-mail address: { $address }.
mail-email-changed-advice = If it was you, there is nothing to do. If it was not, take the account back with this address, and then choose a new password.
mail-email-changed-action = Bring this address back

mail-password-changed-subject = Your password was changed
mail-password-changed-text = The password of your account with { $service } was changed just now.
mail-password-changed-advice = If it was you, there is nothing to do. If it was not, choose a new password at once.
mail-password-changed-action = Choose a new password

mail-new-device-subject = New login to your account
mail-new-device-text = Somebody logged in to your account with { $service } on a device that was not used for it before.
mail-new-device-advice = If it was you, there is nothing to do. If it was not, log that device out and choose a new password at once.
mail-new-device-action = Look at your devices

mail-session-ended-copied-subject = We logged one of your devices out
mail-session-ended-copied-text = One of your sessions with { $service } was used from two places at once, as if somebody had copied its cookies. To be safe, we ended it.
mail-session-ended-copied-advice = You can log in again on your device. If you do not know how this could happen, choose a new password and look through the extensions of your browser.
mail-session-ended-copied-action = Look at your devices

mail-already-registered-subject = You have an account already
mail-already-registered-text = Somebody, hopefully you, tried to register with { $service } with this address. It has an account already, so there is nothing to register.
mail-already-registered-advice = If it was you, log in instead; if you do not know the password any more, choose a new one. If it was not you, ignore this mail.
mail-already-registered-action = Log in

mail-invitation-subject = You are invited to { $service }
mail-invitation-text = You are invited to make an account with { $service }.
mail-invitation-action = Make an account
mail-invitation-ignore = If you do not expect this, ignore this mail.

mail-test-subject = Mail from { $service } arrives
mail-test-text = This is the test that was asked for with “hardtack mail test”. Whoever reads it knows that mail is set up.

mail-device = Device
mail-address = Network address
mail-time = Time
