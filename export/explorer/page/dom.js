/** Elements, made of text alone: nothing that a database says becomes HTML. */

// As export/visible.ts has it; a test holds the two together.
const hidden =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u{2800}]|(?![ \u{3000}])\p{Zs}/gu;
const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
const escaped = (character) =>
  [...Array(character.length).keys()]
    .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
    .join('');

/** The text with everything made visible that a page would hide, or that turns the order of reading around. */
export const visible = (text) => text.replace(hidden, (character) => short[character] ?? escaped(character));

export const byId = (id) => document.getElementById(id);

const fill = (element, properties, children) => {
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === false) continue;
    if (typeof value === 'function') element.addEventListener(key, value);
    else element.setAttribute(key, value === true ? '' : String(value));
  }
  const shown = children.flat(Infinity).filter((child) => child !== null);
  element.append(...shown.map((child) => (child instanceof Node ? child : visible(String(child)))));
  return element;
};

/** An element: a property that is a function listens to the event of its name, any other is an attribute. */
export const make = (name, properties = {}, ...children) =>
  fill(document.createElement(name), properties, children);

export const makeSvg = (name, properties = {}, ...children) =>
  fill(document.createElementNS('http://www.w3.org/2000/svg', name), properties, children);

export const button = (label, click, properties = {}) =>
  make('button', { type: 'button', ...properties, click }, label);

/** Lines of this program, as they are laid out. */
export const laidOut = (text) =>
  make('pre', { tabindex: 0 }, make('code', {}, document.createTextNode(text)));

export const say = (text, isFault = false) => {
  const said = byId('said');
  said.textContent = visible(text);
  said.className = isFault ? 'fault' : 'soft';
};
