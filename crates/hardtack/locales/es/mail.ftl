mail-greeting = Hola, { $name }:
