/** Where the files of a site are. Pure. */

export const NGINX = "/etc/nginx";
export const ENABLED = `${NGINX}/sites-enabled`;

export const availablePath = (name: string): string => `${NGINX}/sites-available/${name}`;
export const enabledPath = (name: string): string => `${ENABLED}/${name}`;
/** Where the host has no sites-enabled. */
export const confPath = (name: string): string => `${NGINX}/conf.d/${name.replace(/\.conf$/, "")}.conf`;

export const tlsFolder = (name: string): string => `/etc/holdfast/nginx/${name}`;
export const siteState = (name: string): string => `/var/lib/holdfast/nginx/${name}`;
/** Is there from before the first file changes until nginx has taken all of them up. */
export const pendingPath = (name: string): string => `${siteState(name)}/pending`;
