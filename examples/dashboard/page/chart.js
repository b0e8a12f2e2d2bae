'use strict';

// A Chart draws up to two series of numbers over time into a figure, as lines, and shows what is under the pointer.
class Chart {
  // series are [name, class, function of a sample]; format makes a text of a number.
  constructor(figure, series, format, samples) {
    this.series = series;
    this.format = format;
    this.most = samples;
    this.samples = [];
    this.at = null; // index of the sample under the pointer
    this.svg = figure.appendChild(Chart.make('svg', { role: 'img' }));
    this.keys = series.map(([name, key]) => {
      const span = figure.querySelector('figcaption').appendChild(document.createElement('span'));
      span.className = key;
      span.dataset.name = name;
      return span;
    });
    this.svg.addEventListener('pointermove', event => this.point(event));
    this.svg.addEventListener('pointerleave', () => { this.at = null; this.draw(); });
    new ResizeObserver(() => this.draw()).observe(this.svg);
  }

  static make(name, attributes) {
    const element = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    return element;
  }

  show(samples, period) {
    this.samples = samples;
    this.period = period;
    this.draw();
  }

  point(event) {
    const box = this.svg.getBoundingClientRect();
    const fromRight = (box.right - event.clientX) / ((box.width - Chart.left) / (this.most - 1));
    const at = this.samples.length - 1 - Math.round(fromRight);
    this.at = at >= 0 && at < this.samples.length ? at : null;
    this.draw();
  }

  // top is the end of the axis: 1, 2, 3 or 5 times a power of ten.
  static top(most) {
    const power = 10 ** Math.floor(Math.log10(Math.max(most, 1)));
    return [1, 2, 3, 5, 10].find(n => n * power >= most) * power;
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.svg;
    if (width === 0) return;
    const bottom = height - 18, above = 8;
    const values = this.series.map(([, , of]) => this.samples.map(of));
    const top = Chart.top(Math.max(0, ...values.flat()));
    const x = i => width - (this.samples.length - 1 - i) * (width - Chart.left) / (this.most - 1);
    const y = v => bottom - v / top * (bottom - above);
    const parts = [];
    for (const part of [0, 0.5, 1]) {
      parts.push(Chart.make('line', { class: 'grid', x1: Chart.left, x2: width, y1: y(part * top), y2: y(part * top) }));
      this.text(parts, this.format(part * top), Chart.left - 6, y(part * top) + 4, 'end');
    }
    const seconds = Math.round((this.most - 1) * (this.period ?? 1));
    this.text(parts, `${seconds} s ago`, Chart.left, height - 3, 'start');
    this.text(parts, 'now', width, height - 3, 'end');
    this.series.forEach(([, key], n) => {
      const points = values[n].map((v, i) => `${x(i).toFixed(1)},${y(v).toFixed(1)}`);
      if (points.length === 0) return;
      if (n === 0) {
        const area = `M${x(0)},${bottom}L${points.join('L')}L${width},${bottom}Z`;
        parts.push(Chart.make('path', { class: `under ${key}`, d: area }));
      }
      parts.push(Chart.make('path', { class: `curve ${key}`, d: `M${points.join('L')}` }));
    });
    if (this.at !== null) {
      parts.push(Chart.make('line', { class: 'cross', x1: x(this.at), x2: x(this.at), y1: above, y2: bottom }));
    }
    const shown = this.at ?? this.samples.length - 1;
    this.series.forEach(([name, key], n) => {
      if (shown < 0) {
        this.keys[n].textContent = name;
        return;
      }
      const v = values[n][shown];
      parts.push(Chart.make('circle', { class: `dot ${key}`, r: 4, cx: x(shown), cy: y(v) }));
      this.keys[n].textContent = `${name} ${this.format(v)}`;
    });
    this.svg.replaceChildren(...parts);
    this.svg.setAttribute('aria-label', this.keys.map(key => key.textContent).join(', '));
  }

  text(parts, text, x, y, anchor) {
    const element = Chart.make('text', { class: 'axis', x, y, 'text-anchor': anchor });
    element.textContent = text;
    parts.push(element);
  }
}

// left is the room for the labels of the axis, in pixels.
Chart.left = 46;
