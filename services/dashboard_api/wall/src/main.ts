import '@fontsource-variable/noto-sans-sc/wght.css';
import './app.css';
import { mount } from 'svelte';
import App from './App.svelte';

const target = document.getElementById('wall');
if (target === null) throw new Error('the page has no place for the wall');
mount(App, { target });
