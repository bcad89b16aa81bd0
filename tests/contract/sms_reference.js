// Reads a JSON list of texts, and writes what the reference makes of each:
// [encoding, parts, octets of each part with its header (of which 140 go on the air), clusters as lengths in UTF-16].
const { SegmentedMessage } = require("sms-segments-calculator");

const answer = (text) => {
  const message = new SegmentedMessage(text);
  const octets = Array.from(message.segments, (segment) => Math.ceil(segment.sizeInBits() / 8));
  const clusters = message.encodingName === "UCS-2" ? message.graphemes.map((each) => each.length) : [];
  return [message.encodingName, message.segmentsCount, octets, clusters];
};

const texts = JSON.parse(require("fs").readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(texts.map(answer)));
