/*
 * Shows what mvd measured in QuPath 0.4 or newer: vessels as detections; tissue, hot spots and regions as locked
 * annotations.
 *
 * One slide: open it, drag this file into QuPath's script editor, and choose Run > Run.
 * A whole project: the same, and choose Run > Run for project.
 *
 * The file must lie in the result folder of mvd (else write that folder between the quotes below). Running it again
 * replaces what it brought before; whatever else is drawn stays. Save to keep it: Run for project does so by itself.
 */
def resultFolder = ''

import qupath.lib.io.GsonTools
import qupath.lib.io.PathIO
import qupath.lib.scripting.ScriptAttributes

def folder = resultFolder ? new File(resultFolder) : null
if (folder == null) {
    def script = null
    try {
        script = getProperty(ScriptAttributes.FILE_PATH)
    } catch (MissingPropertyException ignored) {
        // The script was typed or pasted: there is no file.
    }
    folder = script ? new File(script as String).getParentFile() : null
}
def record = folder == null ? null : new File(folder, 'run.json')
if (record == null || !record.isFile()) {
    println 'mvd: save this script in the result folder (with run.json), or write that folder into resultFolder'
    return
}
def slides = GsonTools.getInstance().fromJson(record.getText('UTF-8'), Map).slides

// The slide whose name has the most folders in common with the file of this image; two of the same name must differ there.
def server = getCurrentServer()
def paths = server.getURIs().collect { (it.getPath() ?: it.toString()).replace('\\', '/') }
def fits = slides.findAll { slide -> paths.any { it == slide.slide || it.endsWith('/' + slide.slide) } }
if (!fits) {
    def names = paths.collect { it.substring(it.lastIndexOf('/') + 1) }
    fits = slides.findAll { slide -> names.contains(slide.slide.substring(slide.slide.lastIndexOf('/') + 1)) }
} else {
    def longest = fits.collect { it.slide.length() }.max()
    fits = fits.findAll { it.slide.length() == longest }
}
if (fits.size() != 1) {
    println 'mvd: ' + (fits ? 'several slides have this name' : 'not in these results') + ': ' + paths.join(', ')
    return
}
def slide = fits[0]
def own = new File(new File(folder, 'slides'), slide.slide_id as String)
def outlines = new File(own, 'vessels.geojson')
if (slide.status == 'failed' || !outlines.isFile()) {
    println 'mvd: nothing was measured on this slide: ' + slide.slide
    return
}

// A slide with bounds is shown cut to them, as the coordinates expect. A reader that shows it whole would put all aside.
def image = GsonTools.getInstance().fromJson(new File(own, 'slide.json').getText('UTF-8'), Map).image
def (top, left) = [image.origin_px[1], image.origin_px[0]]
def whole = server.getHeight() == image.shape_px[0] && server.getWidth() == image.shape_px[1]
if (whole && (top != 0 || left != 0)) {
    println 'mvd: open this slide with the OpenSlide reader: with this one, outlines would lie in the wrong place'
    return
}

def objects = PathIO.readObjects(outlines)
def known = objects.collect { it.getID() } as Set
def before = getAllObjects(false).findAll { known.contains(it.getID()) || it.getPathClass()?.toString()?.startsWith('Not counted: ') }
removeObjects(before, true)
addObjects(objects)
fireHierarchyUpdate()
println "mvd: ${objects.size()} objects of ${slide.slide}"
