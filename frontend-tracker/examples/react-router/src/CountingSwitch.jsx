// The switch with which a visitor opts out of being counted.
import { optIn, optOut, status } from 'headcount-tracker';
import { useState } from 'react';

export default function CountingSwitch() {
  const [counted, setCounted] = useState(status().state !== 'opted-out');
  const choose = ({ target }) => {
    setCounted(target.checked);
    if (target.checked) optIn();
    else optOut();
  };
  return (
    <label>
      <input type="checkbox" checked={counted} onChange={choose} /> Count my page views
    </label>
  );
}
