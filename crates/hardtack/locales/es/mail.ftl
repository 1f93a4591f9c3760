# As locales/en/mail.ftl.

mail-greeting = Hola, { $name }:
mail-greeting-nobody = Hola:
mail-copy-link = Si el botón no funciona, copia esta dirección en tu navegador:
mail-link-hours = { $count ->
    [one] El enlace sirve una sola vez, durante una hora.
   *[other] El enlace sirve una sola vez, durante { $count } horas.
}
mail-link-days = { $count ->
    [one] El enlace sirve una sola vez, durante un día.
   *[other] El enlace sirve una sola vez, durante { $count } días.
}
mail-ignore = Si no has sido tú, ignora este correo. Sin el enlace no ocurre nada.
mail-footer = Enviado automáticamente por { $service }. Nadie lee las respuestas.

mail-verify-email-subject = Confirma tu dirección de correo
mail-verify-email-text = Confirma que esta dirección es tuya para terminar tu registro en { $service }.
mail-verify-email-action = Confirmar la dirección

mail-reset-password-subject = Elige una contraseña nueva
mail-reset-password-text = Alguien, esperamos que tú, ha pedido una contraseña nueva para tu cuenta de { $service }.
mail-reset-password-action = Elegir una contraseña nueva
mail-reset-password-effect = La contraseña nueva cerrará tu sesión en todos los dispositivos.

mail-confirm-new-email-subject = Confirma tu nueva dirección de correo
mail-confirm-new-email-text = Confirma que esta dirección es tuya. A partir de entonces será la de tu cuenta de { $service }.
mail-confirm-new-email-action = Confirmar la nueva dirección

mail-email-changed-subject = Tu dirección de correo ha cambiado
mail-email-changed-text = Tu cuenta de { $service } tiene ahora otra dirección de correo: { $address }.
mail-email-changed-advice = Si has sido tú, no tienes que hacer nada. Si no, recupera la cuenta con esta dirección y elige después una contraseña nueva.
mail-email-changed-action = Recuperar esta dirección

mail-password-changed-subject = Tu contraseña ha cambiado
mail-password-changed-text = La contraseña de tu cuenta de { $service } acaba de cambiar.
mail-password-changed-advice = Si has sido tú, no tienes que hacer nada. Si no, elige una contraseña nueva cuanto antes.
mail-password-changed-action = Elegir una contraseña nueva

mail-new-device-subject = Nuevo inicio de sesión en tu cuenta
mail-new-device-text = Alguien ha iniciado sesión en tu cuenta de { $service } con un dispositivo que no se había usado antes.
mail-new-device-advice = Si has sido tú, no tienes que hacer nada. Si no, cierra la sesión de ese dispositivo y elige una contraseña nueva cuanto antes.
mail-new-device-action = Ver tus dispositivos

mail-session-ended-copied-subject = Hemos cerrado una de tus sesiones
mail-session-ended-copied-text = Una de tus sesiones en { $service } se usó desde dos lugares a la vez, como si alguien hubiera copiado sus cookies. Por seguridad, la hemos cerrado.
mail-session-ended-copied-advice = Puedes volver a iniciar sesión en tu dispositivo. Si no sabes cómo pudo ocurrir, elige una contraseña nueva y revisa las extensiones de tu navegador.
mail-session-ended-copied-action = Ver tus dispositivos

mail-already-registered-subject = Ya tienes una cuenta
mail-already-registered-text = Alguien, esperamos que tú, ha intentado registrarse en { $service } con esta dirección. Ya tiene una cuenta, así que no hay nada que registrar.
mail-already-registered-advice = Si has sido tú, inicia sesión; si no recuerdas la contraseña, elige una nueva. Si no has sido tú, ignora este correo.
mail-already-registered-action = Iniciar sesión

mail-invitation-subject = Tienes una invitación a { $service }
mail-invitation-text = Te invitamos a crear una cuenta en { $service }.
mail-invitation-action = Crear una cuenta
mail-invitation-ignore = Si no lo esperabas, ignora este correo.

mail-test-subject = El correo de { $service } llega
mail-test-text = Esta es la prueba que se pidió con «hardtack mail test». Si la lees, el correo está bien configurado.

mail-device = Dispositivo
mail-address = Dirección de red
mail-time = Hora
