/**
 * Which colour stands for what: the libraries that time goes into, and services. Red and amber are for failures and warnings, so
 * none of these is. Pure: a name in, the name of a CSS class out; page.css says how each looks.
 */

const KNOWN = { app: 0, http: 1, grpc: 2, sqlite: 3, postgresql: 3, mysql: 3, db: 3, mongodb: 5, redis: 4, memcached: 4, kafka: 6, amqp: 6, messaging: 6 };
const HUES = 8;

/** Give the class of a library's colour: `hue-0` (the program's own code) to `hue-8`. */
export function hueOf(category) {
  if (!category) return "hue-0";
  const known = KNOWN[category];
  return `hue-${known === undefined ? 1 + (hash(category) % HUES) : known}`;
}

/** Give the class of a service's colour, by its place among the services of what is shown. */
export function serviceHue(place) {
  return `hue-${1 + ((place * 3 + 4) % HUES)}`;
}

function hash(text) {
  let value = 7;
  for (let index = 0; index < text.length; index += 1) value = (value * 31 + text.charCodeAt(index)) >>> 0;
  return value;
}
