# As locales/en/mail.ftl.

mail-greeting = سلام { $name }،
mail-greeting-nobody = سلام،
mail-copy-link = اگر دکمه کار نمی‌کند، این نشانی را در مرورگر خود وارد کنید:
mail-link-hours = { $count ->
    [one] این پیوند فقط یک بار و تا یک ساعت کار می‌کند.
   *[other] این پیوند فقط یک بار و تا { $count } ساعت کار می‌کند.
}
mail-link-days = { $count ->
    [one] این پیوند فقط یک بار و تا یک روز کار می‌کند.
   *[other] این پیوند فقط یک بار و تا { $count } روز کار می‌کند.
}
mail-ignore = اگر شما نبودید، به این ایمیل توجه نکنید. بدون این پیوند هیچ اتفاقی نمی‌افتد.
mail-footer = این ایمیل را { $service } به‌طور خودکار فرستاده است. پاسخ‌ها خوانده نمی‌شوند.

mail-verify-email-subject = نشانی ایمیل خود را تأیید کنید
mail-verify-email-text = برای کامل شدن ثبت‌نام در { $service }، لطفاً تأیید کنید که این نشانی از آنِ شماست.
mail-verify-email-action = تأیید نشانی

mail-reset-password-subject = گذرواژهٔ تازه‌ای انتخاب کنید
mail-reset-password-text = کسی، که امیدواریم خودتان باشید، برای حساب شما در { $service } گذرواژهٔ تازه خواسته است.
mail-reset-password-action = انتخاب گذرواژهٔ تازه
mail-reset-password-effect = با گذرواژهٔ تازه از همهٔ دستگاه‌ها خارج می‌شوید.

mail-confirm-new-email-subject = نشانی ایمیل تازهٔ خود را تأیید کنید
mail-confirm-new-email-text = لطفاً تأیید کنید که این نشانی از آنِ شماست. از آن پس نشانی حساب شما در { $service } خواهد بود.
mail-confirm-new-email-action = تأیید نشانی تازه

mail-email-changed-subject = نشانی ایمیل شما تغییر کرد
mail-email-changed-text = حساب شما در { $service } اکنون نشانی ایمیل دیگری دارد: { $address }.
mail-email-changed-advice = اگر خودتان این کار را کرده‌اید، لازم نیست کاری بکنید. در غیر این صورت، حساب را با همین نشانی پس بگیرید و سپس گذرواژهٔ تازه‌ای انتخاب کنید.
mail-email-changed-action = بازگرداندن این نشانی

mail-password-changed-subject = گذرواژهٔ شما تغییر کرد
mail-password-changed-text = گذرواژهٔ حساب شما در { $service } همین حالا تغییر کرد.
mail-password-changed-advice = اگر خودتان این کار را کرده‌اید، لازم نیست کاری بکنید. در غیر این صورت، بی‌درنگ گذرواژهٔ تازه‌ای انتخاب کنید.
mail-password-changed-action = انتخاب گذرواژهٔ تازه

mail-new-device-subject = ورود تازه به حساب شما
mail-new-device-text = کسی با دستگاهی که پیش‌تر استفاده نشده بود، به حساب شما در { $service } وارد شد.
mail-new-device-advice = اگر خودتان بودید، لازم نیست کاری بکنید. در غیر این صورت، آن دستگاه را خارج کنید و بی‌درنگ گذرواژهٔ تازه‌ای انتخاب کنید.
mail-new-device-action = دیدن دستگاه‌ها

mail-session-ended-copied-subject = یکی از دستگاه‌های شما را خارج کردیم
mail-session-ended-copied-text = یکی از نشست‌های شما در { $service } هم‌زمان از دو جا استفاده شد؛ گویی کسی کوکی‌های آن را رونوشت کرده است. برای امنیت شما آن را پایان دادیم.
mail-session-ended-copied-advice = می‌توانید دوباره در دستگاه خود وارد شوید. اگر نمی‌دانید چگونه چنین چیزی رخ داده است، گذرواژهٔ تازه‌ای انتخاب کنید و افزونه‌های مرورگر خود را بررسی کنید.
mail-session-ended-copied-action = دیدن دستگاه‌ها

mail-already-registered-subject = شما از پیش حساب دارید
mail-already-registered-text = کسی، که امیدواریم خودتان باشید، خواسته است با این نشانی در { $service } ثبت‌نام کند. این نشانی از پیش حساب دارد و ثبت‌نام لازم نیست.
mail-already-registered-advice = اگر خودتان بودید، به‌جای آن وارد شوید؛ اگر گذرواژه را به یاد ندارید، گذرواژهٔ تازه‌ای انتخاب کنید. اگر شما نبودید، به این ایمیل توجه نکنید.
mail-already-registered-action = ورود

mail-invitation-subject = به { $service } دعوت شده‌اید
mail-invitation-text = از شما دعوت می‌کنیم در { $service } حساب بسازید.
mail-invitation-action = ساختن حساب
mail-invitation-ignore = اگر انتظار آن را نداشتید، به این ایمیل توجه نکنید.

mail-test-subject = ایمیل‌های { $service } می‌رسند
mail-test-text = این همان آزمایشی است که با «hardtack mail test» خواسته شد. اگر آن را می‌خوانید، ایمیل درست تنظیم شده است.

mail-device = دستگاه
mail-address = نشانی شبکه
mail-time = زمان
