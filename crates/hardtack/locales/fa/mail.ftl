mail-greeting = سلام { $name }،
