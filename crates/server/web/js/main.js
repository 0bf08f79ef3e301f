/** @file Where the page begins. */

import { App } from './app.js';

new App().begin();
