// An accessibility scan of what is shown now: names of controls, headings, landmarks, contrast.
// Returns a list of complaints. Contrast as in WCAG 2.2, section 1.4.3.
const complaints = [];
const isShown = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
const shown = (selector) => Array.from(document.querySelectorAll(selector)).filter(isShown);
const where = (element) => `<${element.localName}${element.id && `#${element.id}`}> "${element.textContent.trim().slice(0, 40)}"`;

for (const control of shown('button, a[href], input, textarea, select, summary, video')) {
  const labels = control.labels ? Array.from(control.labels, (label) => label.textContent) : [];
  const name = [control.getAttribute('aria-label'), control.innerText, control.textContent, ...labels].find((text) => text && text.trim());
  if (!name) complaints.push(`no name: ${where(control)}`);
}
const n_h1 = shown('h1').length;
if (n_h1 !== 1) complaints.push(`${n_h1} headings of the first level`);
for (const landmark of ['header', 'main', 'footer']) {
  if (shown(landmark).length !== 1) complaints.push(`no single ${landmark}`);
}
for (const region of shown('section, aside, nav, [role=region], [role=group], dialog')) {
  if (region.matches('.part')) continue;
  if (!region.ariaLabel && !document.getElementById(region.getAttribute('aria-labelledby') ?? '')) complaints.push(`no name: ${where(region)}`);
}
const ids = Array.from(document.querySelectorAll('[id]'), (element) => element.id);
for (const id of new Set(ids.filter((id, i) => ids.indexOf(id) !== i))) complaints.push(`the id ${id} twice`);

const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
function channels(colour) {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  return Array.from(canvas.getImageData(0, 0, 1, 1).data, (value) => value / 255);
}
const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
function ground(element) {
  for (let at = element; at; at = at.parentElement) {
    const colour = channels(getComputedStyle(at).backgroundColor);
    if (colour[3] > 0.99) return colour;
  }
  return channels(getComputedStyle(document.body).backgroundColor);
}
let n_texts = 0;
for (const element of shown('body *')) {
  const hasWords = Array.from(element.childNodes).some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  if (!hasWords || element.matches(':disabled, .unseen, .unseen *, script, style')) continue;
  n_texts += 1;
  const [light, dark] = [luminance(channels(getComputedStyle(element).color)), luminance(ground(element))].sort((a, b) => b - a);
  const contrast = (light + 0.05) / (dark + 0.05);
  if (contrast < 4.5) complaints.push(`contrast ${contrast.toFixed(2)}: ${where(element)}`);
}
if (n_texts < 5) complaints.push(`only ${n_texts} texts were seen`);
return complaints;
