/** @typedef {{ x: number, y: number }} Point in pixels of the picture */
/** @typedef {{ points: Point[], width: number, isErasing: boolean }} Stroke */

/** No poster, no photograph and no skin has this colour all over. */
const paint = '#7a3cff';
/** No larger than a model draws: the server scales a mask with its picture. */
const maxEdge = 1024;

/**
 * What is painted over a picture, stroke by stroke, so that each can be taken back.
 *
 * @param {HTMLCanvasElement} canvas
 */
export function createMaskCanvas(canvas) {
  const context = contextOf(canvas);
  /** @type {Stroke[]} */
  let strokes = [];

  /** @param {Stroke} stroke @param {number} [from] */
  function draw({ points, width, isErasing }, from = 0) {
    context.globalCompositeOperation = isErasing ? 'destination-out' : 'source-over';
    context.strokeStyle = paint;
    context.lineWidth = width;
    context.lineCap = 'round';
    context.lineJoin = 'round';
    const first = points[Math.max(0, from - 1)];
    if (first === undefined) return;
    context.beginPath();
    context.moveTo(first.x, first.y);
    // A line to where it begins makes a single tap a dot.
    for (const { x, y } of points.slice(from)) context.lineTo(x, y);
    context.stroke();
  }

  function redraw() {
    context.clearRect(0, 0, canvas.width, canvas.height);
    for (const stroke of strokes) draw(stroke);
  }

  return {
    /** Begins anew over a picture of this size. @param {number} width @param {number} height */
    open(width, height) {
      const scale = Math.min(1, maxEdge / Math.max(width, height));
      canvas.width = Math.max(1, Math.round(width * scale));
      canvas.height = Math.max(1, Math.round(height * scale));
      strokes = [];
    },
    /** @param {Point} point @param {number} width @param {boolean} isErasing */
    begin(point, width, isErasing) {
      const stroke = { points: [point], width, isErasing };
      strokes.push(stroke);
      draw(stroke);
    },
    /** @param {Point} point */
    go(point) {
      const stroke = strokes.at(-1);
      if (stroke === undefined) return;
      stroke.points.push(point);
      draw(stroke, stroke.points.length - 1);
    },
    undo() {
      strokes.pop();
      redraw();
    },
    clear() {
      strokes = [];
      redraw();
    },
    count: () => strokes.length,
    /** Whether there is no paint; what a rubber leaves at the edges of a stroke is none. */
    isBlank() {
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      for (let at = 3; at < data.length; at += 4) if ((data[at] ?? 0) > 127) return false;
      return true;
    },
    /** White where something was painted, on black. @returns {Promise<File>} */
    async toFile() {
      const copy = document.createElement('canvas');
      copy.width = canvas.width;
      copy.height = canvas.height;
      const plain = contextOf(copy);
      plain.drawImage(canvas, 0, 0);
      fillAll(plain, 'source-in', '#ffffff');
      fillAll(plain, 'destination-over', '#000000');
      const blob = await new Promise((resolve) => copy.toBlob(resolve, 'image/png'));
      if (!(blob instanceof Blob)) throw new Error('this browser makes no PNG of a canvas');
      return new File([blob], 'mask.png', { type: 'image/png' });
    },
  };
}

/** @param {CanvasRenderingContext2D} context @param {GlobalCompositeOperation} how @param {string} colour */
function fillAll(context, how, colour) {
  context.globalCompositeOperation = how;
  context.fillStyle = colour;
  context.fillRect(0, 0, context.canvas.width, context.canvas.height);
}

/** @param {HTMLCanvasElement} canvas */
function contextOf(canvas) {
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) throw new Error('this browser cannot paint');
  return context;
}
