// Starts the application and the tracker.
import { start } from 'headcount-tracker';
import { templates } from 'headcount-tracker/react-router';
import { createRoot } from 'react-dom/client';
import { createBrowserRouter } from 'react-router';
import { RouterProvider } from 'react-router/dom';
import { breakpoints } from './breakpoints.js';
import { routes } from './routes.js';
import './style.css';

const router = createBrowserRouter(routes);

start({ endpoint: '/stats', routes: templates(routes), breakpoints });

createRoot(document.getElementById('root')).render(<RouterProvider router={router} />);
