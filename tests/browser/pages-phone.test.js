// The hosted pages on a phone, in English and in Persian, with and without JavaScript.

import { PHONE } from "./hosted.js";
import { livesOn } from "./journey.js";

livesOn("phone", PHONE);
