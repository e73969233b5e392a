// The settings of a project.
import { useLocation } from 'react-router';
import { tabs } from '../product.js';
import Tabs from '../Tabs.jsx';

export default function SettingsPage() {
  const { pathname } = useLocation();
  return (
    <>
      <h1>Settings</h1>
      <Tabs first="General" others={tabs} />
      <div className="card">
        <h2>{tabs.find((tab) => pathname.endsWith(`/${tab}`)) ?? 'general'}</h2>
        Nothing can be set in an example.
      </div>
    </>
  );
}
