/** Unpacks a tarball of npm into a folder, without the folder `package` around its files. */
export declare function unpackTarball(tarball: string, folder: string): void;
