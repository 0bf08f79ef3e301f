/** @file Where the rating page begins. */

import { RatingApp } from './app.js';

new RatingApp().begin();
