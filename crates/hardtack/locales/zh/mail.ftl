mail-greeting = { $name }，您好：
