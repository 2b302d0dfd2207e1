// What was painted, as a list of strokes that can be undone, and the mask that they make; knows no page.

export class Strokes {
  #done = [];

  constructor(width, height) {
    this.mask = new OffscreenCanvas(width, height);
    this.#pen = this.mask.getContext("2d", { willReadFrequently: true });
  }

  #pen;

  get isEmpty() { return this.#done.length === 0; }

  begin(point, width, isErasing) {
    this.#done.push({ kind: "stroke", points: [point], width, isErasing });
    this.#draw(this.#done.at(-1));
  }

  extend(point) {
    const stroke = this.#done.at(-1);
    stroke.points.push(point);
    this.#draw({ ...stroke, points: stroke.points.slice(-2) });
  }

  clear() { this.#add({ kind: "clear" }); }

  invert() { this.#add({ kind: "invert" }); }

  undo() {
    this.#done.pop();
    this.#pen.clearRect(0, 0, this.mask.width, this.mask.height);
    for (const one of this.#done) this.#draw(one);
  }

  // The share of the picture that is painted, 0 to 1.
  covered() {
    const { data } = this.#pen.getImageData(0, 0, this.mask.width, this.mask.height);
    let painted = 0;
    for (let at = 3; at < data.length; at += 4) painted += data[at] > 127;
    return painted / (data.length / 4);
  }

  // White where it is painted, black elsewhere.
  async file() {
    const flat = new OffscreenCanvas(this.mask.width, this.mask.height);
    const pen = flat.getContext("2d");
    pen.fillRect(0, 0, flat.width, flat.height);
    pen.drawImage(this.mask, 0, 0);
    return flat.convertToBlob({ type: "image/png" });
  }

  #add(one) {
    this.#done.push(one);
    this.#draw(one);
  }

  #draw({ kind, points, width, isErasing }) {
    const { mask } = this, pen = this.#pen;
    pen.save();
    if (kind === "clear") pen.clearRect(0, 0, mask.width, mask.height);
    pen.globalCompositeOperation = kind === "invert" ? "xor" : isErasing ? "destination-out" : "source-over";
    pen.fillStyle = pen.strokeStyle = "#fff";
    if (kind === "invert") pen.fillRect(0, 0, mask.width, mask.height);
    if (kind === "stroke") (points.length === 1 ? dot : line)(pen, points, width);
    pen.restore();
  }
}

// A line without length draws nothing.
function dot(pen, [[x, y]], width) {
  pen.beginPath();
  pen.arc(x, y, width / 2, 0, 2 * Math.PI);
  pen.fill();
}

function line(pen, points, width) {
  pen.lineWidth = width;
  pen.lineCap = pen.lineJoin = "round";
  pen.beginPath();
  pen.moveTo(...points[0]);
  for (const point of points.slice(1)) pen.lineTo(...point);
  pen.stroke();
}
