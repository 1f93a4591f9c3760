// The hosted pages at a desk, in English and in Persian, with and without JavaScript.

import { DESK } from "./hosted.js";
import { livesOn } from "./journey.js";

livesOn("desk", DESK);
