// Draws how a number has changed.

export default function Sparkline({ values }) {
  const top = Math.max(...values);
  const points = values.map((value, at) => `${(at * 100) / (values.length - 1)},${24 - (value * 22) / top}`);
  return (
    <svg viewBox="0 0 100 25" className="sparkline">
      <polyline points={points.join(' ')} />
    </svg>
  );
}
