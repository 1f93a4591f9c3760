# As locales/en/mail.ftl.

mail-greeting = { $name }，您好：
mail-greeting-nobody = 您好：
mail-copy-link = 如果按钮无法使用，请将以下地址复制到浏览器中：
mail-link-hours = 此链接只能使用一次，{ $count } 小时内有效。
mail-link-days = 此链接只能使用一次，{ $count } 天内有效。
mail-ignore = 如果不是您本人操作，请忽略此邮件。不点击链接就不会有任何变化。
mail-footer = 此邮件由 { $service } 自动发送，请勿回复。

mail-verify-email-subject = 请验证您的邮箱地址
mail-verify-email-text = 请确认此邮箱属于您，以完成在 { $service } 的注册。
mail-verify-email-action = 验证邮箱

mail-reset-password-subject = 请设置新密码
mail-reset-password-text = 有人（希望是您本人）请求为您在 { $service } 的账户设置新密码。
mail-reset-password-action = 设置新密码
mail-reset-password-effect = 设置新密码后，您在所有设备上都会退出登录。

mail-confirm-new-email-subject = 请验证您的新邮箱地址
mail-confirm-new-email-text = 请确认此邮箱属于您。确认后，它将成为您在 { $service } 的账户邮箱。
mail-confirm-new-email-action = 验证新邮箱

mail-email-changed-subject = 您的邮箱地址已更改
mail-email-changed-text = 您在 { $service } 的账户邮箱已更改为：{ $address }。
mail-email-changed-advice = 如果是您本人操作，则无需理会。如果不是，请用此邮箱找回账户，然后设置新密码。
mail-email-changed-action = 恢复此邮箱

mail-password-changed-subject = 您的密码已更改
mail-password-changed-text = 您在 { $service } 的账户密码刚刚被更改。
mail-password-changed-advice = 如果是您本人操作，则无需理会。如果不是，请立即设置新密码。
mail-password-changed-action = 设置新密码

mail-new-device-subject = 您的账户有新的登录
mail-new-device-text = 有人在一台从未使用过的设备上登录了您在 { $service } 的账户。
mail-new-device-advice = 如果是您本人操作，则无需理会。如果不是，请让该设备退出登录，并立即设置新密码。
mail-new-device-action = 查看您的设备

mail-session-ended-copied-subject = 我们已让您的一台设备退出登录
mail-session-ended-copied-text = 您在 { $service } 的一个会话同时在两处被使用，似乎有人复制了它的 Cookie。为了安全，我们已将其终止。
mail-session-ended-copied-advice = 您可以在自己的设备上重新登录。如果不清楚原因，请设置新密码，并检查浏览器的扩展程序。
mail-session-ended-copied-action = 查看您的设备

mail-already-registered-subject = 您已经有账户了
mail-already-registered-text = 有人（希望是您本人）尝试用此邮箱在 { $service } 注册。此邮箱已有账户，无需再次注册。
mail-already-registered-advice = 如果是您本人操作，请直接登录；如果忘记了密码，请设置新密码。如果不是，请忽略此邮件。
mail-already-registered-action = 登录

mail-invitation-subject = 邀请您加入 { $service }
mail-invitation-text = 诚邀您在 { $service } 创建账户。
mail-invitation-action = 创建账户
mail-invitation-ignore = 如果您并不知情，请忽略此邮件。

mail-test-subject = { $service } 的邮件可以送达
mail-test-text = 这是通过“hardtack mail test”发送的测试邮件。如果您能看到它，说明邮件已配置好。

mail-device = 设备
mail-address = 网络地址
mail-time = 时间
